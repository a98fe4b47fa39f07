// Which group each line of the window is in, and which groups are folded. Groups do not nest: a new one ends the last.
import { gettext, ngettext } from '../i18n'
import { markOf } from './marks'
import type { Line } from './source'

const seconds = (ms: number): string => {
  const whole = Math.floor(ms / 1000)
  if (whole < 60) return gettext('%(s)s s', { s: (ms / 1000).toFixed(1) })
  return gettext('%(m)s min %(s)s s', { m: Math.floor(whole / 60), s: whole % 60 })
}

export class Folds {
  // For each line of the window the number of the line that began its group; a group's first line has its own number.
  private groups: (number | null)[] = []
  // The group that is open where the window begins, as far as that is known.
  private above: number | null = null
  // The group that is still open where it ends.
  private openAfterLast: number | null = null
  private exceptions = new Set<number>()
  // Whether groups are folded unless somebody opened them, or the other way round.
  all = false
  // Whether a group was seen at all.
  known = false

  folded(group: number): boolean {
    return this.all !== this.exceptions.has(group)
  }

  hides(at: number, line: Line): boolean {
    const group = this.groups[at] ?? null
    return group !== null && group !== line.n && this.folded(group)
  }

  groupAt(at: number): number | null {
    return this.groups[at] ?? null
  }

  toggle(group: number): void {
    if (!this.exceptions.delete(group)) this.exceptions.add(group)
  }

  foldAll(on: boolean): void {
    this.all = on
    this.exceptions.clear()
  }

  // Another place of the log: nothing is known of what came before.
  restart(): void {
    this.groups = []
    this.above = null
    this.openAfterLast = null
  }

  // Lines came at the end. `ended` is told of each group whose end is seen.
  append(lines: Line[], ended: (group: number, end: Line, count: number) => void): void {
    let open = this.groups.length ? this.openAfterLast : this.above
    for (const line of lines) {
      const mark = markOf(line.s)
      if (mark?.kind === 'group' || mark?.kind === 'end') {
        if (open !== null) ended(open, line, line.n - open - 1)
        this.known = true
      }
      if (mark?.kind === 'group') open = line.n
      this.groups.push(open)
      if (mark?.kind === 'end') open = null
    }
    this.openAfterLast = open
  }

  // Lines were taken away at the start.
  shift(count: number, next: Line | undefined): void {
    const first = this.groups[count] ?? null
    this.groups.splice(0, count)
    this.above = first !== null && first !== next?.n ? first : null
  }

  // Lines were taken away at the end.
  cut(count: number, last: Line | undefined): void {
    this.groups.splice(count)
    this.openAfterLast = last && markOf(last.s)?.kind === 'end' ? null : (this.groups[count - 1] ?? null)
  }

  // Lines came at the start: whatever they say of groups, the rest of the window follows from it.
  prepend(lines: Line[], rest: Line[], ended: (group: number, end: Line, count: number) => void): void {
    const marked = lines.some((line) => ['group', 'end'].includes(markOf(line.s)?.kind ?? ''))
    if (marked) this.above = null
    this.groups = []
    this.append([...lines, ...rest], ended)
  }
}

export const aboutGroup = (began: number | undefined, end: Line, count: number): string => {
  const lines = ngettext('%(count)s line', '%(count)s lines', count, { count })
  return began === undefined ? lines : `${lines} · ${seconds(end.t - began)}`
}
