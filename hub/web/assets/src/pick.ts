// Entry: a field with suggestions from the hub, <input data-picks="address">: what is chosen is written into it.
// Without this script it is a field like any other, and its text is what is sent.
import { gettext, ngettext } from './i18n'

const PAUSE = 120
let fields = 0

class Picker {
  private readonly list = document.createElement('ul')
  private readonly told = document.createElement('span')
  private asked: AbortController | null = null
  private timer = 0
  private pending = false
  private hurry = false

  constructor(private readonly field: HTMLInputElement) {
    const box = document.createElement('div')
    box.className = 'pick'
    this.list.className = 'pick-list'
    this.list.id = `picks-${(fields += 1)}`
    this.list.hidden = true
    this.list.setAttribute('role', 'listbox')
    this.list.setAttribute('aria-label', field.labels?.[0]?.textContent.trim() ?? '')
    this.told.className = 'visually-hidden'
    this.told.setAttribute('role', 'status')
    const looks = { role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': this.list.id }
    for (const [name, value] of Object.entries(looks)) field.setAttribute(name, value)
    field.before(box)
    box.append(field, this.list, this.told)
    field.addEventListener('input', () => this.soon(PAUSE))
    field.addEventListener('click', () => this.list.hidden && this.soon(0))
    field.addEventListener('keydown', (event) => this.key(event))
    field.addEventListener('blur', () => this.close())
    this.list.addEventListener('mousedown', (event) => event.preventDefault())
    this.list.addEventListener('click', (event) => {
      const item = (event.target as Element).closest<HTMLElement>('.pick-item')
      if (item) this.take(item)
    })
  }

  private soon(pause: number): void {
    this.asked?.abort()
    clearTimeout(this.timer)
    this.pending = true
    this.hurry = false
    this.timer = window.setTimeout(() => void this.ask(), pause)
  }

  private async ask(): Promise<void> {
    const asked = (this.asked = new AbortController())
    const query = new URLSearchParams({ q: this.field.value.trim() })
    try {
      const answer = await fetch(`${this.field.dataset['picks'] ?? ''}?${query}`, {
        headers: { 'HX-Request': 'true' },
        signal: asked.signal,
      })
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
      const text = await answer.text()
      if (asked.signal.aborted || document.activeElement !== this.field) return
      this.list.innerHTML = text
      this.items().forEach((item, index) => (item.id = `${this.list.id}-${index}`))
      this.open()
      const item = this.hurry && this.chosen()
      if (item) this.take(item)
    } catch {
      if (asked.signal.aborted) return
      this.close()
      this.told.textContent = gettext('The hub does not answer. Check your connection and try again.')
    }
  }

  private key(event: KeyboardEvent): void {
    const items = this.items()
    const chosen = this.chosen()
    if (event.isComposing) return
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (this.list.hidden) return this.soon(0)
      const step = event.key === 'ArrowDown' ? 1 : -1
      const at = chosen ? items.indexOf(chosen) + step : step > 0 ? 0 : -1
      this.choose(items.at(at % (items.length || 1)))
    } else if (event.key === 'Enter' && this.pending && this.field.value.trim()) {
      event.preventDefault()
      this.hurry = true
    } else if (event.key === 'Enter' && !this.list.hidden && chosen) {
      event.preventDefault()
      this.take(chosen)
    } else if (event.key === 'Escape' && !this.list.hidden) {
      event.preventDefault()
      this.close()
    }
  }

  private take(item: HTMLElement): void {
    this.field.value = item.dataset['value'] ?? ''
    this.close()
    this.field.dispatchEvent(new Event('change', { bubbles: true }))
    this.field.focus()
  }

  // Who is called exactly as it is written goes before others who fit.
  private open(): void {
    this.pending = false
    this.list.hidden = false
    this.field.setAttribute('aria-expanded', 'true')
    const count = this.items().length
    this.told.textContent = count ? ngettext('%(n)s suggestion', '%(n)s suggestions', count) : this.list.textContent.trim()
    const text = this.field.value.trim().toLowerCase()
    const exact = this.items().find((item) => item.dataset['value'] === text)
    this.choose(text ? (exact ?? this.items()[0]) : undefined)
  }

  private close(): void {
    this.asked?.abort()
    clearTimeout(this.timer)
    this.pending = false
    this.list.hidden = true
    this.field.setAttribute('aria-expanded', 'false')
    this.field.removeAttribute('aria-activedescendant')
  }

  private choose(item: HTMLElement | undefined): void {
    this.chosen()?.setAttribute('aria-selected', 'false')
    if (!item) return this.field.removeAttribute('aria-activedescendant')
    item.setAttribute('aria-selected', 'true')
    item.scrollIntoView({ block: 'nearest' })
    this.field.setAttribute('aria-activedescendant', item.id)
  }

  private chosen(): HTMLElement | null {
    return this.list.querySelector<HTMLElement>('[aria-selected=true]')
  }

  private items(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>('.pick-item')]
  }
}

for (const field of document.querySelectorAll<HTMLInputElement>('input[data-picks]')) new Picker(field)
