// The rows in the page: one unbroken run of lines [first, next), never more than a few thousand.
import { gettext } from '../i18n'
import { MOST, plain, render } from './ansi'
import type { Line } from './source'

export const KEEP = 3000
const clock = new Intl.DateTimeFormat(document.documentElement.lang || 'en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hour12: false,
})

export type Stamps = 'off' | 'clock' | 'since'

export class Rows {
  first = 0
  next = 0
  private lines: Line[] = []
  private stamps: Stamps = 'off'
  origin: number | null = null

  constructor(
    private readonly box: HTMLElement,
    private readonly scroller: HTMLElement,
  ) {}

  get empty(): boolean {
    return this.lines.length === 0
  }

  replace(lines: Line[], first: number): void {
    this.lines = [...lines]
    this.first = first
    this.next = first + lines.length
    this.box.replaceChildren(...lines.map((line) => this.row(line)))
  }

  // Returns whether rows at the start were dropped.
  append(lines: Line[]): boolean {
    this.box.append(...lines.map((line) => this.row(line)))
    this.lines.push(...lines)
    this.next += lines.length
    const extra = this.lines.length - KEEP
    if (extra <= 0) return false
    const before = this.scroller.scrollHeight
    this.lines.splice(0, extra)
    this.first += extra
    const range = document.createRange()
    range.setStart(this.box, 0)
    range.setEnd(this.box, extra)
    range.deleteContents()
    this.scroller.scrollTop -= before - this.scroller.scrollHeight
    return true
  }

  // Puts earlier lines on top without moving what is being read.
  prepend(lines: Line[]): void {
    const before = this.scroller.scrollHeight
    this.box.prepend(...lines.map((line) => this.row(line)))
    this.scroller.scrollTop += this.scroller.scrollHeight - before
    this.lines.unshift(...lines)
    this.first -= lines.length
    const extra = this.lines.length - KEEP
    if (extra <= 0) return
    this.lines.splice(KEEP)
    this.next -= extra
    const range = document.createRange()
    range.setStart(this.box, KEEP)
    range.setEnd(this.box, this.box.childNodes.length)
    range.deleteContents()
  }

  element(n: number): HTMLElement | null {
    return (this.box.children[n - this.first] as HTMLElement | undefined) ?? null
  }

  show(stamps: Stamps): void {
    this.stamps = stamps
    this.lines.forEach((line, index) => {
      const row = this.box.children[index]
      if (row) this.stamp(row as HTMLElement, line)
    })
  }

  private stamp(row: HTMLElement, line: Line): void {
    const old = row.querySelector('time')
    if (this.stamps === 'off') return void old?.remove()
    const element = old ?? document.createElement('time')
    const when = new Date(line.t)
    element.title = when.toISOString()
    element.textContent =
      this.stamps === 'clock' ? clock.format(when) : `+${((line.t - (this.origin ?? line.t)) / 1000).toFixed(3)}`
    if (!old) row.children[0]?.after(element)
  }

  private row(line: Line): HTMLElement {
    const row = document.createElement('div')
    row.className = 'log-row'
    row.id = `L${line.n + 1}`
    const link = document.createElement('a')
    link.className = 'log-number'
    link.href = `#L${line.n + 1}`
    link.dataset['n'] = String(line.n + 1)
    link.tabIndex = -1
    link.setAttribute('aria-hidden', 'true')
    const text = document.createElement('span')
    text.className = 'log-text'
    render(line.s, text)
    if (/^(fatal|failed): \[|^ERROR!|^Error:|^Traceback /.test(plain(line.s.slice(0, 80)))) row.classList.add('log-bad')
    row.append(link, text)
    if (line.s.length > MOST) row.append(this.more(line, text))
    this.stamp(row, line)
    return row
  }

  private more(line: Line, text: HTMLElement): HTMLElement {
    const button = document.createElement('button')
    button.className = 'btn btn-sm log-more'
    button.textContent = gettext('Show the whole line (%(n)s characters)', { n: line.s.length })
    button.addEventListener('click', () => {
      render(line.s, text, true)
      button.remove()
    })
    return button
  }
}
