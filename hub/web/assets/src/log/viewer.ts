// The log viewer: opens at the end, loads by scrolling, follows what is being written.
import { gettext, ngettext } from '../i18n'
import { GROUP, nextHead } from './marks'
import { Now } from './now'
import { PartControls } from './part'
import { KEEP, Rows, type Stamps } from './rows'
import { takeLines } from './take'
import { unfolding, widening } from './wide'
import { keepWish, wish } from './wishes'
import { type Line, Reader, Refusal, type Slice, type State, Stream, fetchRange } from './source'

const PAGE = 600
// What is loaded first is no more than a few screens; the page names it, so that it comes beside the scripts.
const OPENING = 320
const NEAR = 600
const PAUSE = 250

const said = (error: unknown): string =>
  error instanceof Refusal && error.status < 500 ? error.message : gettext('The log could not be loaded. Trying again…')

// The lines that the address names: #L5 or #L5-L9.
const linked = (): [number, number] | null => {
  const found = /^#L(\d+)(?:-L?(\d+))?$/.exec(location.hash)
  if (!found) return null
  const first = Math.max(Number(found[1]) - 1, 0)
  return [first, Math.max(found[2] ? Number(found[2]) - 1 : first, first)]
}

export class Viewer {
  private readonly rows: Rows
  private readonly now: Now
  private readonly scroller: HTMLElement
  private readonly base: string
  private readonly parts: PartControls
  // What is read; find.ts looks for words in the same part.
  readonly reader: Reader
  private total = 0
  private following = true
  private busy = false
  private asked = 0
  private tailing = 0
  private live: boolean
  private waiting: Line[] = []
  private drawing = 0
  private moved = 0
  private top = 0

  constructor(
    private readonly root: HTMLElement,
    private readonly onState: (state: State) => void,
  ) {
    this.base = root.dataset['source'] ?? ''
    this.live = root.dataset['live'] === 'yes'
    this.scroller = this.part('log-scroll')
    this.rows = new Rows(this.part('log-rows'), this.scroller)
    this.now = new Now(this.part('log-now'))
    this.reader = new Reader(this.base)
    this.parts = new PartControls(() => void this.choose())
    this.reader.part = this.parts.part
    this.rows.folds.stages = this.parts.stages()
    this.controls()
  }

  // Another part was chosen: the lines that are linked to stay in view, where they are in it.
  private async choose(): Promise<void> {
    this.reader.part = this.parts.part
    this.asked += 1
    const asked = this.asked
    try {
      const wanted = linked()
      if (wanted) await this.goto(...wanted, true)
      else await this.end(true)
      if (asked === this.asked) this.note('')
    } catch (error) {
      if (asked === this.asked) this.note(said(error))
    }
  }

  // The page was told the stages of the task.
  stages(): void {
    const found = this.parts.stages()
    if (found.size === this.rows.folds.stages.size) return
    this.rows.folds.stages = found
    this.rows.redraw()
    if (this.following) this.bottom()
    this.counts()
  }

  async open(): Promise<void> {
    const wanted = linked()
    try {
      if (wanted) await this.goto(...wanted)
      else await this.end()
    } catch (error) {
      this.note(said(error))
      if (error instanceof Refusal && error.status < 500 && !this.reader.whole) return
      setTimeout(() => void this.open(), 3000)
      return
    }
    this.note('')
    if (this.rows.first > 0 && this.rows.origin === null) {
      void fetchRange(this.base, 0, 1).then((page) => (this.rows.origin = page.lines[0]?.t ?? null))
    }
    if (this.live) this.stream()
  }

  // Brings one line into view, or the first of several, loading the lines around it.
  async goto(n: number, last = n, anew = false): Promise<void> {
    this.follow(false)
    if (anew || n < this.rows.first || n >= this.rows.next || this.rows.empty) {
      this.fill(await this.reader.around(n, PAGE))
    }
    this.rows.open(n)
    this.rows.near(n)?.scrollIntoView({ block: 'center' })
    this.mark(n, last)
  }

  async start(): Promise<void> {
    this.follow(false)
    if (this.rows.first > 0) this.fill(await this.reader.from(0, PAGE))
    this.scroller.scrollTop = 0
  }

  async end(anew = false): Promise<void> {
    if (anew || this.rows.empty || this.rows.next < this.total) this.fill(await this.reader.last(OPENING))
    this.follow(true)
    this.bottom()
  }

  private fill(slice: Slice): void {
    this.total = Math.max(slice.total, this.total)
    this.rows.replace(slice.lines, slice.first, slice.next, slice.style)
    if (slice.first === 0 && this.reader.whole) this.rows.origin = slice.lines[0]?.t ?? null
    this.counts()
  }

  private stream(): void {
    new Stream(this.base, this.total, {
      lines: (lines) => this.arrive(lines),
      unfinished: (now) => {
        this.now.take(now)
        this.drawing ||= requestAnimationFrame(() => this.draw())
      },
      state: (state) => this.onState(state),
      away: () => this.note(gettext('Connection lost. Reconnecting…')),
      back: () => this.note(''),
      end: () => {
        this.live = false
        this.now.take(null)
        this.root.dataset['live'] = 'no'
        this.follow(this.following)
        this.counts()
        if (this.following && this.reader.whole && this.rows.next < this.total) requestAnimationFrame(() => void this.mend())
      },
    })
  }

  // Lines come in bursts; drawing once a frame keeps the page quick.
  private arrive(lines: Line[]): void {
    this.total = Math.max(this.total, (lines[lines.length - 1]?.n ?? -1) + 1)
    if (!this.reader.whole) return void (this.tailing ||= window.setTimeout(() => void this.tail(), PAUSE))
    this.waiting.push(...lines)
    this.drawing ||= requestAnimationFrame(() => this.draw())
  }

  // New lines of the part that is shown, which only the hub can choose.
  private async tail(): Promise<void> {
    try {
      if (this.following && !this.busy) while (await this.later());
      if (this.following) this.bottom()
    } catch {
      // The next line asks again.
    } finally {
      this.tailing = 0
      this.counts()
    }
  }

  private draw(): void {
    this.drawing = 0
    if (!this.reader.whole) return void (this.waiting = [])
    const lines = this.waiting.filter((line) => line.n >= this.rows.next)
    this.waiting = []
    const joins = this.rows.empty || lines[0]?.n === this.rows.next
    const fits = lines.length > 0 && (this.following || this.rows.next - this.rows.first < 2500)
    if (fits && !joins) void this.mend()
    if (fits && joins) {
      if (this.rows.empty) {
        this.rows.origin ??= lines[0]?.t ?? null
        this.rows.replace([], lines[0]?.n ?? 0)
      }
      this.rows.append(lines)
    }
    if (this.following) this.bottom()
    this.counts()
  }

  // What is in the page ends before what came: the lines between are fetched.
  private async mend(): Promise<void> {
    if (this.busy) return
    this.busy = true
    try {
      while (await this.later());
      if (this.following) this.bottom()
    } catch {
      // The next line tries again.
    } finally {
      this.busy = false
      this.counts()
    }
  }

  private async more(): Promise<void> {
    if (this.busy || this.rows.empty) return
    const top = this.scroller.scrollTop
    const below = this.scroller.scrollHeight - top - this.scroller.clientHeight
    this.busy = true
    try {
      // What is folded away has no height, so go on until something can be seen.
      if (top < NEAR && this.rows.first > 0) while (await this.earlier());
      else if (below < NEAR && this.rows.next < this.total) while (await this.later());
    } catch {
      this.note(gettext('More lines could not be loaded. Scroll again to retry.'))
    } finally {
      this.busy = false
      this.counts()
    }
  }

  // Each tells whether all that was loaded is folded away, and there is more.
  private async earlier(): Promise<boolean> {
    const { asked } = this
    const slice = await this.reader.before(this.rows.first, PAGE)
    if (asked !== this.asked) return false
    this.rows.prepend(slice.lines, slice.first, slice.style)
    return this.rows.first > 0 && (slice.lines.length === 0 || this.rows.hidden(slice.lines))
  }

  private async later(): Promise<boolean> {
    const { asked } = this
    const shut = this.reader.whole ? this.rows.folds.closedBelow() : null
    if (shut) {
      const on = await nextHead(this.base, shut.depth, this.rows.next, this.rows.folds.stages)
      if (asked === this.asked && on !== null) this.rows.skip(on)
    }
    const slice = await this.reader.from(this.rows.next, PAGE)
    if (asked !== this.asked) return false
    this.total = Math.max(this.total, slice.total)
    const lines = slice.lines.filter((line) => line.n >= this.rows.next)
    this.rows.append(lines, slice.next, slice.style)
    return this.rows.next < this.total && (lines.length === 0 ? !this.reader.whole : this.rows.hidden(lines))
  }

  // Folding makes the log shorter, which may call for more lines; the one that was clicked stays in view.
  private refold(button: HTMLElement | null): void {
    this.rows.toggle(button)
    if (button) this.follow(false)
    else if (this.following) this.bottom()
    void this.more()
  }

  private foldControls(): void {
    const depth = this.part('log-folds') as HTMLSelectElement
    depth.value = wish('hub.log.folds', String(GROUP + 1))
    if (depth.selectedIndex < 0) depth.value = String(GROUP + 1)
    this.rows.folds.foldAll(Number(depth.value))
    depth.addEventListener('change', () => {
      keepWish('hub.log.folds', depth.value)
      this.rows.folds.foldAll(Number(depth.value))
      this.refold(null)
    })
    this.part('log-rows').addEventListener('click', (event) => {
      const button = (event.target as Element).closest<HTMLElement>('.log-fold')
      if (button) this.refold(button)
    })
  }

  private showNow(): void {
    this.now.draw(this.reader.whole && !this.waiting.length ? this.rows.next : -1, this.rows.style)
  }

  private bottom(): void {
    this.showNow()
    this.moved = performance.now()
    this.scroller.scrollTop = this.scroller.scrollHeight
  }

  private follow(on: boolean): void {
    this.following = on
    this.root.classList.toggle('log-following', on && this.live)
    this.part('log-follow').hidden = on || (!this.live && this.rows.next >= this.total)
    this.part('log-pause').hidden = !on || !this.live
  }

  private letGo(): void {
    if (this.scroller.scrollHeight > this.scroller.clientHeight) this.follow(false)
  }

  private scrolled(): void {
    const top = this.scroller.scrollTop
    const down = top >= this.top
    this.top = top
    const below = this.scroller.scrollHeight - top - this.scroller.clientHeight
    const ours = performance.now() - this.moved < 120
    // An event of a scroll of ours may come after somebody has paused.
    if (below < 4 && down && !ours && this.rows.next >= this.total) this.follow(true)
    else if (!ours && below > 40) this.follow(false)
    void this.more()
  }

  private controls(): void {
    this.scroller.addEventListener('scroll', () => this.scrolled(), { passive: true })
    // A person's own way up ends following at once, before the next line could pull the page down again.
    this.scroller.addEventListener('wheel', (event) => event.deltaY < 0 && this.letGo(), { passive: true })
    this.scroller.addEventListener('touchmove', () => (this.moved = 0), { passive: true })
    this.scroller.addEventListener('keydown', (event) => {
      if (['ArrowUp', 'PageUp', 'Home'].includes(event.key)) this.letGo()
    })
    this.part('log-follow').addEventListener('click', () => void this.end())
    this.part('log-pause').addEventListener('click', () => this.follow(false))
    new ResizeObserver(() => this.following && this.bottom()).observe(this.scroller)
    widening(this.root, this.part('log-wide'))
    unfolding(this.root, this.part('log-more'))
    this.part('log-start').addEventListener('click', () => void this.start())
    this.part('log-end').addEventListener('click', () => void this.end())
    this.part('log-copy').addEventListener('click', () => {
      takeLines(this.reader, linked(), this.total).catch((error: unknown) => this.note(said(error)))
    })
    this.foldControls()
    const wrap = this.part('log-wrap') as HTMLInputElement
    wrap.checked = wish('hub.log.wrap', 'yes') === 'yes'
    const applyWrap = () => {
      this.root.classList.toggle('log-wrapped', wrap.checked)
      keepWish('hub.log.wrap', wrap.checked ? 'yes' : 'no')
      if (this.following) this.bottom()
    }
    wrap.addEventListener('change', applyWrap)
    applyWrap()
    const stamps = this.part('log-stamps') as HTMLSelectElement
    stamps.value = wish('hub.log.stamps', 'off')
    this.rows.show(stamps.value as Stamps)
    stamps.addEventListener('change', () => {
      keepWish('hub.log.stamps', stamps.value)
      this.rows.show(stamps.value as Stamps)
      if (this.following) this.bottom()
    })
    addEventListener('hashchange', () => {
      const wanted = linked()
      if (wanted) void this.goto(...wanted)
    })
    // Shift and a click on another number link to all lines between.
    this.scroller.addEventListener('click', (event) => {
      const link = (event.target as Element).closest<HTMLElement>('.log-number')
      const [from] = linked() ?? []
      if (!link || !event.shiftKey || from === undefined) return
      event.preventDefault()
      const ends = [from + 1, Number(link.dataset['n'])].sort((a, b) => a - b)
      location.hash = `#L${ends[0]}-L${ends[1]}`
    })
  }

  private mark(n: number, last: number): void {
    for (const old of this.scroller.querySelectorAll('.log-marked')) old.classList.remove('log-marked')
    for (let at = n; at <= Math.min(last, n + KEEP, this.rows.next - 1); at++) this.rows.element(at)?.classList.add('log-marked')
  }

  private counts(): void {
    this.showNow()
    this.part('log-count').textContent = ngettext('%(count)s line', '%(count)s lines', this.total, {
      count: this.total.toLocaleString(document.documentElement.lang),
    })
    this.part('log-folds').hidden = !this.rows.folds.known.size
    this.part('log-whole').hidden = this.reader.whole
    const bare = this.total === 0 || (this.rows.empty && this.rows.first === 0 && !this.reader.whole)
    const empty = this.part('log-empty')
    empty.hidden = !bare
    if (bare) empty.textContent = this.total ? gettext('No line fits.') : this.live ? gettext('Waiting for the first line…') : gettext('This task wrote nothing.')
  }

  private note(text: string): void {
    const note = this.part('log-note')
    note.hidden = text === ''
    if (note.textContent !== text) note.textContent = text
  }

  private part(id: string): HTMLElement {
    const element = document.getElementById(id)
    if (!element) throw new Error(`the page lacks #${id}`)
    return element
  }
}
