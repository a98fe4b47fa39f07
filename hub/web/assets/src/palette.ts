// The command palette: pages at hand and what was open last at once, everything else from the hub while one types.
import { gettext, ngettext } from './i18n'
import { inquire } from './inquire'
import { type Place, recent } from './recent'

const PAUSE = 110

interface Way extends Place {
  icon: string
}

const SVG = 'http://www.w3.org/2000/svg'

// Kinds of things by the part of the address that names them, with the pictures that lists have for them.
const PICTURES: Record<string, string> = {
  templates: 'list-details', tasks: 'terminal-2', inventory: 'server-2', repositories: 'brand-git', keys: 'key',
  environment: 'variable', schedule: 'calendar-time',
}

const picture = (name: string): Element => {
  const place = document.createElement('span')
  place.className = 'text-secondary'
  const svg = document.createElementNS(SVG, 'svg')
  const looks = {
    class: 'icon icon-sm', viewBox: '0 0 24 24', width: '20', height: '20', fill: 'none', stroke: 'currentColor',
    'stroke-width': '1.75', 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true',
  }
  for (const [attribute, value] of Object.entries(looks)) svg.setAttribute(attribute, value)
  const use = document.createElementNS(SVG, 'use')
  use.setAttribute('href', `${document.documentElement.dataset['icons'] ?? ''}#${name}`)
  svg.append(use)
  place.append(svg)
  return place
}

const remembered = (): Way[] =>
  recent().map((one) => ({ ...one, icon: PICTURES[/\/project\/\d+\/(\w+)\//.exec(one.address)?.[1] ?? ''] ?? 'file' }))

const option = (way: Way, index: number): HTMLElement => {
  const item = document.createElement('li')
  item.className = 'palette-item'
  item.id = `near-${index}`
  item.setAttribute('role', 'option')
  item.setAttribute('aria-selected', 'false')
  item.dataset['address'] = way.address
  item.append(picture(way.icon))
  for (const [name, text] of [['palette-text', way.title], ['palette-note', way.note]] as const) {
    const part = document.createElement('span')
    part.className = `${name} truncate`
    part.textContent = text
    item.append(part)
  }
  return item
}

// Those of the navigation, then those of the whole hub, which have no place in it inside of a project.
const links = (): HTMLAnchorElement[] => [
  ...document.querySelectorAll<HTMLAnchorElement>('.navbar-vertical :is(a.nav-link, .sidebar-foot a.dropdown-item)'),
  ...(document.querySelector<HTMLTemplateElement>('#palette-pages')?.content.querySelectorAll('a') ?? []),
]

const pages = (): Way[] =>
  links().map((link) => ({
    title: link.textContent.trim(),
    note: gettext('Page'),
    address: link.href,
    icon: link.querySelector('use')?.getAttribute('href')?.split('#')[1] ?? 'file',
  }))

const fits = (way: Way, words: string[]): boolean => {
  const text = `${way.title} ${way.note}`.toLocaleLowerCase()
  return words.every((word) => text.includes(word))
}

class Palette {
  private readonly field = this.part<HTMLInputElement>('palette-field')
  private readonly list = this.part('palette-list')
  private asked: AbortController | null = null
  private timer = 0
  private pending = false
  private hurry = false

  constructor(private readonly dialog: HTMLDialogElement) {
    this.field.addEventListener('input', () => this.typed())
    this.field.addEventListener('keydown', (event) => this.key(event))
    this.list.addEventListener('click', (event) => {
      const item = (event.target as Element).closest<HTMLElement>('.palette-item')
      if (item) this.go(item, event.ctrlKey || event.metaKey)
    })
    this.list.addEventListener('mousemove', (event) => {
      const item = (event.target as Element).closest<HTMLElement>('.palette-item')
      if (item) this.choose(item, false)
    })
  }

  open(): void {
    if (this.dialog.open) return this.dialog.close()
    this.field.value = ''
    this.near()
    this.dialog.showModal()
    this.field.focus()
    void this.ask('')
  }

  // What the page knows by itself stands there at once; answers of the hub follow it.
  private near(): void {
    const words = this.field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean)
    const ways: Way[] = [...remembered(), ...pages()].filter((way) => way.address !== location.href && fits(way, words))
    const once = ways.filter((way, index) => ways.findIndex((other) => other.address === way.address) === index)
    this.list.replaceChildren(...once.slice(0, words.length ? 4 : 14).map(option))
    this.first()
  }

  private typed(): void {
    this.asked?.abort()
    clearTimeout(this.timer)
    this.near()
    const text = this.field.value.trim()
    this.hurry = false
    this.pending = text !== ''
    if (text) this.timer = window.setTimeout(() => void this.ask(text), PAUSE)
  }

  private async ask(text: string): Promise<void> {
    const asked = (this.asked = new AbortController())
    const query = new URLSearchParams({ q: text, project: this.dialog.dataset['project'] ?? '' })
    try {
      const answer = await inquire(`${this.dialog.dataset['source']}?${query}`, {
        headers: { 'HX-Request': 'true' },
        signal: asked.signal,
      })
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
      const drawn = document.createElement('template')
      drawn.innerHTML = await answer.text()
      if (asked.signal.aborted) return
      for (const old of this.list.querySelectorAll('[id^=found-]')) old.remove()
      const items = [...drawn.content.querySelectorAll<HTMLElement>('.palette-item')]
      const known = new Set(items.map((item) => item.dataset['address']))
      for (const near of this.list.querySelectorAll<HTMLElement>('[id^=near-]')) {
        if (!text && known.has(new URL(near.dataset['address'] ?? '', location.href).pathname)) near.remove()
      }
      this.list.prepend(...items.filter((item) => item.id !== 'found-all'))
      this.list.append(...items.filter((item) => item.id === 'found-all'))
      this.first()
      this.pending = false
      const item = this.hurry && this.chosen()
      if (item) this.go(item, false)
      const count = this.list.children.length
      this.part('palette-count').textContent = ngettext('%(n)s way to go', '%(n)s ways to go', count)
    } catch {
      if (asked.signal.aborted) return
      this.pending = false
      this.part('palette-count').textContent = gettext('The hub does not answer. Check your connection and try again.')
    }
  }

  private key(event: KeyboardEvent): void {
    const items = [...this.list.querySelectorAll<HTMLElement>('.palette-item')]
    const at = items.indexOf(this.chosen() as HTMLElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: Math.min(at + 8, items.length - 1), PageUp: Math.max(at - 8, 0) }[event.key]
    if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault()
      const item = this.chosen()
      if (this.pending) this.hurry = true
      else if (item) this.go(item, event.ctrlKey || event.metaKey)
    } else if (to !== undefined && items.length) {
      event.preventDefault()
      this.pending = false
      this.choose(items[(to + items.length) % items.length] as HTMLElement, true)
    }
  }

  private first(): void {
    const item = this.list.querySelector<HTMLElement>('.palette-item')
    if (item) this.choose(item, true)
    else this.field.removeAttribute('aria-activedescendant')
  }

  private chosen(): HTMLElement | null {
    return this.list.querySelector<HTMLElement>('[aria-selected=true]')
  }

  private choose(item: HTMLElement, show: boolean): void {
    this.chosen()?.setAttribute('aria-selected', 'false')
    item.setAttribute('aria-selected', 'true')
    this.field.setAttribute('aria-activedescendant', item.id)
    if (show) item.scrollIntoView({ block: 'nearest' })
  }

  private go(item: HTMLElement, beside: boolean): void {
    const address = item.dataset['address'] ?? ''
    if (beside) window.open(address, '_blank', 'noopener')
    else location.assign(address)
    this.dialog.close()
  }

  private part<E extends HTMLElement = HTMLElement>(id: string): E {
    return document.getElementById(id) as E
  }
}

export const palette = (): void => {
  const dialog = document.getElementById('palette')
  if (!(dialog instanceof HTMLDialogElement)) return
  const own = new Palette(dialog)
  document.addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
    if (document.querySelector('dialog[open]:not(#palette, #sheet)')) return
    event.preventDefault()
    own.open()
  })
  document.addEventListener('click', (event) => {
    const opener = (event.target as Element).closest('[data-palette]')
    if (!opener || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    own.open()
  })
  if (/Mac|iPhone|iPad/.test(navigator.platform)) {
    for (const key of document.querySelectorAll('[data-modifier]')) key.textContent = key.textContent.replace('Ctrl', '⌘')
  }
}
