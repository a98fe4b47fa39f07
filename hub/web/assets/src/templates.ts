// Entry: the list of templates: finding while one types, selecting many, stars, and tabs that are moved about.
import { gettext, ngettext } from './i18n'
import { moves } from './moves'
import { say } from './say'

const PAUSE = 120

const list = (): HTMLElement | null => document.getElementById('template-list')
const bulk = document.querySelector<HTMLFormElement>('form[data-bulk]')

// The list asks for its own address again; another address there is another list.
const finder = (form: HTMLFormElement): void => {
  let timer = 0
  const find = (): void => {
    clearTimeout(timer)
    const query = new URLSearchParams()
    for (const [name, value] of new FormData(form)) if (typeof value === 'string' && value.trim()) query.set(name, value)
    const address = `${location.pathname}${query.size ? `?${query}` : ''}`
    history.replaceState(null, '', address)
    for (const field of bulk?.querySelectorAll<HTMLInputElement>('[name=back]') ?? []) field.value = address
    list()?.setAttribute('hx-get', address)
    list()?.dispatchEvent(new Event('refresh'))
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    find()
  })
  form.addEventListener('input', (event) => {
    clearTimeout(timer)
    timer = window.setTimeout(find, event.target instanceof HTMLInputElement && event.target.type === 'search' ? PAUSE : 0)
  })
}

class Selection {
  private readonly chosen = new Set<string>()
  private every = false
  private last: HTMLInputElement | null = null

  constructor(private readonly form: HTMLFormElement) {
    document.addEventListener('click', (event) => this.clicked(event))
    document.addEventListener('htmx:after:swap', () => this.draw())
    document.addEventListener('formdata', (event) => {
      if (event.target === form) this.send(event.formData)
    })
    this.part('none').addEventListener('click', () => this.clear())
    this.part('every').addEventListener('click', () => {
      this.every = true
      this.draw()
    })
    this.draw()
  }

  private ticks(): HTMLInputElement[] {
    return [...document.querySelectorAll<HTMLInputElement>('[data-tick]')]
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
    const total = Number(list()?.dataset['total'] ?? 0)
    const count = this.every ? total : this.chosen.size
    const ticked = all.filter((box) => box.checked).length
    const head = document.querySelector<HTMLInputElement>('[data-tick-all]')
    if (head) {
      head.hidden = false
      head.checked = ticked > 0 && ticked === all.length
      head.indeterminate = ticked > 0 && ticked < all.length
    }
    this.form.classList.toggle('bulk-empty', count === 0)
    this.part('count').textContent = ngettext('%(n)s selected', '%(n)s selected', count)
    const every = this.part('every')
    every.hidden = this.every || ticked < all.length || total <= all.length
    every.textContent = gettext('Select all %(n)s that were found', { n: total })
  }

  private part(name: string): HTMLElement {
    return this.form.querySelector(`[data-bulk-${name}]`) as HTMLElement
  }
}

const stars = (): void => {
  document.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>('[data-star]')
    if (!button?.form) return
    event.preventDefault()
    const token = button.form.querySelector<HTMLInputElement>('[name=csrf]')?.value ?? ''
    const body = new URLSearchParams({ csrf: token })
    const on = button.getAttribute('aria-pressed') !== 'true'
    button.setAttribute('aria-pressed', String(on))
    void fetch(button.formAction, { method: 'POST', body, redirect: 'manual' })
      .then((answer) => {
        if (answer.type !== 'opaqueredirect' && !answer.ok) throw new Error(`HTTP ${answer.status}`)
        list()?.dispatchEvent(new Event('refresh'))
      })
      .catch(() => {
        button.setAttribute('aria-pressed', String(!on))
        say(gettext('The hub does not answer. Check your connection and try again.'), 'danger')
      })
  })
}

class Tabs {
  private dragged: HTMLElement | null = null
  private before: string[] = []

  constructor(private readonly frame: HTMLElement) {
    frame.addEventListener('dragstart', (event) => {
      this.dragged = this.tab(event)
      this.before = this.order()
      event.dataTransfer?.setData('text/plain', this.dragged?.textContent ?? '')
      this.dragged?.classList.add('dragged')
    })
    frame.addEventListener('dragover', (event) => {
      const over = this.tab(event)
      if (!this.dragged || !over) return
      event.preventDefault()
      if (over === this.dragged) return
      const box = over.getBoundingClientRect()
      if (event.clientX < box.left + box.width / 2) over.before(this.dragged)
      else over.after(this.dragged)
    })
    frame.addEventListener('drop', (event) => event.preventDefault())
    frame.addEventListener('dragend', () => {
      this.dragged?.classList.remove('dragged')
      this.dragged = null
      void this.keep()
    })
    frame.addEventListener('keydown', (event) => {
      if (!event.altKey || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return
      const tab = this.tab(event)
      const other = event.key === 'ArrowLeft' ? tab?.previousElementSibling : tab?.nextElementSibling
      if (!tab) return
      event.preventDefault()
      if (!(other instanceof HTMLElement) || other.dataset['view'] === undefined) return
      this.before = this.order()
      if (event.key === 'ArrowLeft') other.before(tab)
      else other.after(tab)
      tab.focus()
      void this.keep()
    })
    frame.querySelector('.active')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }

  private tab(event: Event): HTMLElement | null {
    return (event.target as Element).closest<HTMLElement>('[data-view]')
  }

  private order(): string[] {
    return [...this.frame.querySelectorAll<HTMLElement>('[data-view]')].map((tab) => tab.dataset['view'] ?? '')
  }

  private async keep(): Promise<void> {
    const order = this.order()
    if (order.join() === this.before.join()) return
    const token = document.querySelector<HTMLInputElement>('[name=csrf]')?.value ?? ''
    const body = new URLSearchParams([['csrf', token], ...order.map((id) => ['order', id] as [string, string])])
    const answer = await fetch(this.frame.dataset['views'] ?? '', { method: 'POST', body, redirect: 'manual' }).catch(() => null)
    const fine = answer !== null && (answer.type === 'opaqueredirect' || answer.ok)
    say(fine ? gettext('The order of the views was kept.') : gettext('That did not work. Reload the page and try again.'), fine ? 'info' : 'danger')
  }
}

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-finder]')) finder(form)
if (bulk) {
  new Selection(bulk)
  moves(bulk)
}
stars()
for (const frame of document.querySelectorAll<HTMLElement>('[data-views]')) new Tabs(frame)
