// Entry: the list of templates: finding while one types, selecting many, stars, and tabs that are moved about.
import { gettext } from './i18n'
import { inquire } from './inquire'
import { moves } from './moves'
import { say } from './say'
import { Selection } from './selection'

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

const stars = (): void => {
  document.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>('[data-star]')
    if (!button?.form) return
    event.preventDefault()
    const token = button.form.querySelector<HTMLInputElement>('[name=csrf]')?.value ?? ''
    const body = new URLSearchParams({ csrf: token })
    const on = button.getAttribute('aria-pressed') !== 'true'
    button.setAttribute('aria-pressed', String(on))
    void inquire(button.formAction, { method: 'POST', headers: { 'X-Quiet': 'yes' }, body, redirect: 'manual' })
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
    const answer = await inquire(this.frame.dataset['views'] ?? '', { method: 'POST', headers: { 'X-Quiet': 'yes' }, body, redirect: 'manual' }).catch(() => null)
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
