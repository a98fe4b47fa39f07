// The rows in the page: one unbroken run of lines [first, next), never more than a few thousand.
import { gettext } from '../i18n'
import { MOST, plain, render } from './ansi'
import { Folds, aboutGroup } from './folds'
import { draw, markOf } from './marks'
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
  readonly folds = new Folds()

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
    this.folds.restart()
    this.folds.append(lines, this.ended)
    this.fold(0)
  }

  // Returns whether rows at the start were dropped.
  append(lines: Line[]): boolean {
    this.box.append(...lines.map((line) => this.row(line)))
    this.lines.push(...lines)
    this.next += lines.length
    this.folds.append(lines, this.ended)
    this.fold(this.lines.length - lines.length)
    const extra = this.lines.length - KEEP
    if (extra <= 0) return false
    const before = this.scroller.scrollHeight
    this.lines.splice(0, extra)
    this.first += extra
    this.folds.shift(extra, this.lines[0])
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
    const rest = this.lines
    this.lines = [...lines, ...rest]
    this.first -= lines.length
    this.folds.prepend(lines, rest, this.ended)
    this.fold(0)
    this.scroller.scrollTop += this.scroller.scrollHeight - before
    const extra = this.lines.length - KEEP
    if (extra <= 0) return
    this.lines.splice(KEEP)
    this.next -= extra
    this.folds.cut(KEEP, this.lines[KEEP - 1])
    const range = document.createRange()
    range.setStart(this.box, KEEP)
    range.setEnd(this.box, this.box.childNodes.length)
    range.deleteContents()
  }

  // Whether all of these lines, which are in the window, are folded away.
  hidden(lines: Line[]): boolean {
    return lines.length > 0 && lines.every((line) => this.folds.hides(line.n - this.first, line))
  }

  // Opens or folds the group that a button of ours stands for; every group without one.
  toggle(button: Element | null): void {
    const row = button?.closest<HTMLElement>('.log-row')
    if (row) this.folds.toggle(Number(row.id.slice(1)) - 1)
    this.fold(0)
  }

  // Makes a line visible.
  open(n: number): void {
    const line = this.lines[n - this.first]
    const group = this.folds.groupAt(n - this.first)
    if (!line || group === null || !this.folds.hides(n - this.first, line)) return
    this.folds.toggle(group)
    this.fold(0)
  }

  private fold(from: number): void {
    if (!this.folds.known) return
    for (let at = from; at < this.lines.length; at += 1) {
      const line = this.lines[at] as Line
      const row = this.box.children[at]
      if (row) row.classList.toggle('log-folded', this.folds.hides(at, line))
      if (row?.classList.contains('log-group')) {
        row.querySelector('.log-fold')?.setAttribute('aria-expanded', String(!this.folds.folded(line.n)))
      }
    }
  }

  private readonly ended = (group: number, end: Line, count: number): void => {
    const about = this.element(group)?.querySelector('.log-fold-about')
    if (about) about.textContent = aboutGroup(this.lines[group - this.first]?.t, end, count)
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
    const mark = line.s.length <= MOST ? markOf(line.s) : null
    if (mark) draw(mark, row, text)
    else render(line.s, text)
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
