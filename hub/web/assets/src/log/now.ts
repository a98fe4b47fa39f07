// The line that the program is still writing, such as a prompt or a progress bar: behind the last line, until it ends.
import { render } from './ansi'
import type { Unfinished } from './source'

export class Now {
  private line: Unfinished | null = null
  private drawn = ''

  constructor(private readonly box: HTMLElement) {}

  take(line: Unfinished | null): void {
    this.line = line
  }

  // It is past once a line of its number came, and seen where that one would be the next.
  draw(next: number, style: string): void {
    if (this.line && this.line.n < next && next >= 0) this.line = null
    const text = this.line?.n === next ? this.line.s : null
    const wanted = text === null ? '' : `${next}:${style}${text}`
    if (wanted === this.drawn) return
    this.drawn = wanted
    this.box.hidden = text === null
    if (text === null) return void this.box.replaceChildren()
    const number = document.createElement('span')
    number.className = 'log-number'
    number.dataset['n'] = String(next + 1)
    number.setAttribute('aria-hidden', 'true')
    const line = document.createElement('span')
    line.className = 'log-text'
    render(text, line, style)
    this.box.replaceChildren(number, line)
  }
}
