// Rows of a list that are ticked, and the bar that says how many they are and what can be done with them.
import { gettext, ngettext } from './i18n'

export class Selection {
  private readonly chosen = new Set<string>()
  private every = false
  private last: HTMLInputElement | null = null

  constructor(private readonly form: HTMLFormElement) {
    document.addEventListener('click', (event) => this.clicked(event))
    document.addEventListener('htmx:after:swap', () => this.draw())
    document.addEventListener('formdata', (event) => {
      if (event.target === form) this.send(event.formData)
    })
    this.part('none')?.addEventListener('click', () => this.clear())
    this.part('every')?.addEventListener('click', () => {
      this.every = true
      this.draw()
    })
    this.draw()
  }

  private ticks(): HTMLInputElement[] {
    // What a filter hides is not meant by "all".
    return [...document.querySelectorAll<HTMLInputElement>('[data-tick]')].filter((box) => !box.closest('[hidden]'))
  }

  private clicked(event: MouseEvent): void {
    const box = (event.target as Element).closest<HTMLInputElement>('[data-tick], [data-tick-all]')
    if (!(box instanceof HTMLInputElement)) return
    this.every = false
    const all = this.ticks()
    if (box.dataset['tickAll'] !== undefined) for (const one of all) this.set(one, box.checked)
    else {
      const from = event.shiftKey && this.last ? all.indexOf(this.last) : -1
      const to = all.indexOf(box)
      if (from >= 0) for (const one of all.slice(Math.min(from, to), Math.max(from, to) + 1)) this.set(one, box.checked)
      else this.set(box, box.checked)
      this.last = box
    }
    this.draw()
  }

  private set(box: HTMLInputElement, on: boolean): void {
    if (on) this.chosen.add(box.value)
    else this.chosen.delete(box.value)
  }

  private clear(): void {
    this.chosen.clear()
    this.every = false
    this.draw()
    document.querySelector<HTMLElement>('[data-tick]')?.focus()
  }

  // What is on another page of the list has no box here, and is sent all the same.
  private send(data: FormData): void {
    data.delete('ids')
    data.set('all', this.every ? 'true' : '')
    for (const id of this.chosen) data.append('ids', id)
  }

  draw(): void {
    const all = this.ticks()
    for (const box of all) box.checked = this.every || this.chosen.has(box.value)
    const total = Number(document.getElementById('template-list')?.dataset['total'] ?? all.length)
    const count = this.every ? total : this.chosen.size
    const ticked = all.filter((box) => box.checked).length
    const head = document.querySelector<HTMLInputElement>('[data-tick-all]')
    if (head) {
      head.hidden = false
      head.checked = ticked > 0 && ticked === all.length
      head.indeterminate = ticked > 0 && ticked < all.length
    }
    this.form.classList.toggle('bulk-empty', count === 0)
    const told = this.part('count')
    if (told) told.textContent = ngettext('%(n)s selected', '%(n)s selected', count)
    const every = this.part('every')
    if (!every) return
    every.hidden = this.every || ticked < all.length || total <= all.length
    every.textContent = gettext('Select all %(n)s that were found', { n: total })
  }

  private part(name: string): HTMLElement | null {
    return this.form.querySelector<HTMLElement>(`[data-bulk-${name}]`)
  }
}
