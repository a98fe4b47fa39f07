// The rows in the page: all wanted lines of [first, next), never more than a few thousand. Lines that nobody wants, or
// that are folded away, may be left out, so a line is found by its number.
import { gettext } from '../i18n'
import { MOST, plain, render } from './ansi'
import { Folds, type Head, aboutGroup } from './folds'
import { STAGE, draw, foldButton, markOf } from './marks'
import type { Line } from './source'
import { after } from './style'

export const KEEP = 3000
const zone = document.documentElement.dataset['zone']
const clock = new Intl.DateTimeFormat(document.documentElement.lang || 'en', {
  ...(zone ? { timeZone: zone } : {}),
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
  // The colours that are on where each of them begins, and behind the last one.
  private styles: string[] = ['']
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

  replace(lines: Line[], first: number, next = first + lines.length, style = ''): void {
    this.lines = [...lines]
    this.styles = this.styled(lines, style)
    this.first = first
    this.next = next
    this.box.replaceChildren(...lines.map((line, at) => this.row(line, this.styles[at])))
    this.folds.restart()
    this.folds.append(lines, this.ended)
    this.fold(0)
  }

  // Draws everything anew, since more is known of it.
  redraw(): void {
    const top = this.scroller.scrollTop
    this.replace(this.lines, this.first, this.next, this.styles[0])
    this.scroller.scrollTop = top
  }

  // The colours that are on behind the last line.
  get style(): string {
    return this.styles[this.styles.length - 1] ?? ''
  }

  // Returns whether rows at the start were dropped. `style` is on where lines begin that do not join the last one.
  append(lines: Line[], next = (lines[lines.length - 1]?.n ?? this.next - 1) + 1, style = ''): boolean {
    if (!lines.length) {
      this.next = Math.max(this.next, next)
      return false
    }
    const joins = this.empty || this.lines[this.lines.length - 1]?.n === (lines[0] as Line).n - 1
    const styles = this.styled(lines, joins ? this.style : style).slice(-KEEP - 1)
    lines = lines.slice(-KEEP)
    this.styles.pop()
    this.styles.push(...styles)
    this.box.append(...lines.map((line, at) => this.row(line, styles[at])))
    this.lines.push(...lines)
    this.next = Math.max(this.next, next) // what was asked for earlier may come later
    this.folds.append(lines, this.ended)
    this.fold(this.lines.length - lines.length)
    const extra = this.lines.length - KEEP
    if (extra <= 0) return false
    const before = this.scroller.scrollHeight
    this.lines.splice(0, extra)
    this.styles.splice(0, extra)
    this.first = this.lines[0]?.n ?? this.next
    this.folds.shift(extra, this.lines[0])
    const range = document.createRange()
    range.setStart(this.box, 0)
    range.setEnd(this.box, extra)
    range.deleteContents()
    this.scroller.scrollTop -= before - this.scroller.scrollHeight
    return true
  }

  // Nothing is wanted up to here.
  skip(next: number): void {
    this.next = next
  }

  // Puts earlier lines on top without moving what is being read.
  prepend(lines: Line[], first: number, style = ''): void {
    const before = this.scroller.scrollHeight
    const styles = this.styled(lines, style)
    this.box.prepend(...lines.map((line, at) => this.row(line, styles[at])))
    const rest = this.lines
    this.styles = [...styles.slice(0, -1), ...this.styles]
    this.lines = [...lines, ...rest]
    this.first = first
    this.folds.prepend(lines, rest, this.ended)
    this.fold(0)
    this.scroller.scrollTop += this.scroller.scrollHeight - before
    const extra = this.lines.length - KEEP
    if (extra <= 0) return
    this.next = this.lines[KEEP]?.n ?? this.next
    this.lines.splice(KEEP)
    this.styles.splice(KEEP + 1)
    this.folds.cut(KEEP, this.lines[KEEP - 1])
    const range = document.createRange()
    range.setStart(this.box, KEEP)
    range.setEnd(this.box, this.box.childNodes.length)
    range.deleteContents()
  }

  // Whether all of these lines, which are in the window, are folded away.
  hidden(lines: Line[]): boolean {
    return lines.length > 0 && lines.every((line) => this.folds.hides(this.place(line.n), line))
  }

  // Opens or folds the group that a button of ours stands for; every group without one.
  toggle(button: HTMLElement | null): void {
    const row = button?.closest<HTMLElement>('.log-row')
    if (row && button) this.folds.toggle({ n: Number(row.id.slice(1)) - 1, depth: Number(button.dataset['depth']) })
    this.fold(0)
  }

  // Makes a line visible.
  open(n: number): void {
    const at = this.place(n)
    for (const group of this.folds.chain(at)) if (group.n !== n && this.folds.folded(group)) this.folds.toggle(group)
    this.fold(0)
  }

  private fold(from: number): void {
    if (!this.folds.known.size) return
    for (let at = from; at < this.lines.length; at += 1) {
      const line = this.lines[at] as Line
      const row = this.box.children[at]
      if (row) row.classList.toggle('log-folded', this.folds.hides(at, line))
      for (const button of row?.classList.contains('log-heads') ? row.querySelectorAll<HTMLElement>('.log-fold') : []) {
        const group = { n: line.n, depth: Number(button.dataset['depth']) }
        button.setAttribute('aria-expanded', String(!this.folds.folded(group)))
      }
    }
  }

  private readonly ended = (group: Head, end: Line, count: number): void => {
    const about = this.element(group.n)?.querySelector(`.log-fold[data-depth="${group.depth}"] .log-fold-about`)
    if (about) about.textContent = aboutGroup(this.lines[this.place(group.n)]?.t, end, count)
  }

  // Where a line is among those of the window; of one that is not, where the next one is.
  private place(n: number): number {
    let low = 0
    let high = this.lines.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.lines[middle] as Line).n < n) low = middle + 1
      else high = middle
    }
    return low
  }

  // The row of a line, or of the next one that is there.
  near(n: number): HTMLElement | null {
    return (this.box.children[Math.min(this.place(n), this.lines.length - 1)] as HTMLElement | undefined) ?? null
  }

  element(n: number): HTMLElement | null {
    const at = this.place(n)
    return this.lines[at]?.n === n ? ((this.box.children[at] as HTMLElement | undefined) ?? null) : null
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
    if (!old) row.querySelector('.log-number')?.after(element)
  }

  // What is on where each line begins, and behind the last one. Of lines that are no neighbours nothing is known.
  private styled(lines: Line[], style = ''): string[] {
    const found: string[] = []
    let last: number | null = null
    for (const line of lines) {
      if (last !== null && line.n !== last + 1) style = ''
      found.push(style)
      style = after(style, line.s)
      last = line.n
    }
    return [...found, style]
  }

  private row(line: Line, style = ''): HTMLElement {
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
    else render(line.s, text, style)
    if (/^(fatal|failed): \[|^ERROR!|^Error:|^Traceback /.test(plain(line.s.slice(0, 80)))) row.classList.add('log-bad')
    const stage = this.folds.stages.get(line.n)
    if (stage !== undefined) row.append(foldButton(STAGE, stage, 'log-stage'))
    row.classList.toggle('log-heads', mark?.kind === 'group' || stage !== undefined)
    row.append(link, text)
    if (line.s.length > MOST) row.append(this.more(line, text, style))
    this.stamp(row, line)
    return row
  }

  private more(line: Line, text: HTMLElement, style: string): HTMLElement {
    const button = document.createElement('button')
    button.className = 'btn btn-sm log-more'
    button.textContent = gettext('Show the whole line (%(n)s characters)', { n: line.s.length })
    button.addEventListener('click', () => {
      render(line.s, text, style, true)
      button.remove()
    })
    return button
  }
}
