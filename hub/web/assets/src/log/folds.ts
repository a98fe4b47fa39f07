// Which groups each line of the window is in, and which of them are folded: stages hold plays, plays tasks, and so on.
import { gettext, ngettext } from '../i18n'
import { GROUP, STAGE, markOf } from './marks'
import type { Line } from './source'

const seconds = (ms: number): string => {
  const whole = Math.floor(ms / 1000)
  if (whole < 60) return gettext('%(s)s s', { s: (ms / 1000).toFixed(1) })
  return gettext('%(m)s min %(s)s s', { m: Math.floor(whole / 60), s: whole % 60 })
}

// A group is known by its first line and what it is: one line may begin a stage and a play at once.
export interface Head {
  n: number
  depth: number
}

type Ended = (group: Head, end: Line, count: number) => void

const NOTHING = GROUP + 1
const key = (group: Head): number => group.n * NOTHING + group.depth

export class Folds {
  // For each line of the window the groups that it is in, the outermost first; a group's first line is in it.
  private chains: Head[][] = []
  // Those that are open where the window begins, as far as that is known, and where it ends.
  private above: Head[] = []
  private open: Head[] = []
  private exceptions = new Set<number>()
  // Groups of this depth and deeper ones are folded unless somebody opened them.
  private depth = NOTHING
  // What was seen at all.
  readonly known = new Set<number>()
  // First lines of the stages.
  stages = new Map<number, string>()

  folded(group: Head): boolean {
    return group.depth >= this.depth !== this.exceptions.has(key(group))
  }

  hides(at: number, line: Line): boolean {
    return (this.chains[at] ?? []).some((group) => group.n !== line.n && this.folded(group))
  }

  chain(at: number): Head[] {
    return this.chains[at] ?? []
  }

  toggle(group: Head): void {
    if (!this.exceptions.delete(key(group))) this.exceptions.add(key(group))
  }

  foldAll(depth: number): void {
    this.depth = depth
    this.exceptions.clear()
  }

  // The outermost folded group that is open where the window ends: what follows is hidden until it ends.
  closedBelow(): Head | null {
    return this.open.find((group) => this.folded(group)) ?? null
  }

  // Another place of the log: nothing is known of what came before.
  restart(): void {
    this.chains = []
    this.above = []
    this.open = []
  }

  // Lines came at the end. `ended` is told of each group whose end is seen.
  append(lines: Line[], ended: Ended): void {
    let open = this.chains.length ? this.open : this.above
    const end = (depth: number, line: Line) => {
      for (const group of open) if (group.depth >= depth) ended(group, line, line.n - group.n - 1)
      open = open.filter((group) => group.depth < depth)
    }
    const begin = (depth: number, line: Line) => {
      end(depth, line)
      open = [...open, { n: line.n, depth }]
      this.known.add(depth)
    }
    for (const line of lines) {
      if (this.stages.has(line.n)) begin(STAGE, line)
      const mark = markOf(line.s)
      if (mark?.kind === 'group') begin(mark.depth, line)
      this.chains.push(open)
      if (mark?.kind === 'end') end(GROUP, line)
    }
    this.open = open
  }

  // Lines were taken away at the start.
  shift(count: number, next: Line | undefined): void {
    const first = this.chains[count] ?? []
    this.chains.splice(0, count)
    this.above = first.filter((group) => group.n !== next?.n)
  }

  // Lines were taken away at the end.
  cut(count: number, last: Line | undefined): void {
    this.chains.splice(count)
    const ends = last && markOf(last.s)?.kind === 'end'
    this.open = (this.chains[count - 1] ?? []).filter((group) => !ends || group.depth < GROUP)
  }

  // Lines came at the start: whatever they say of groups, the rest of the window follows from it.
  prepend(lines: Line[], rest: Line[], ended: Ended): void {
    const marked = lines.some((line) => this.stages.has(line.n) || ['group', 'end'].includes(markOf(line.s)?.kind ?? ''))
    if (marked) this.above = []
    this.chains = []
    this.append([...lines, ...rest], ended)
  }
}

export const aboutGroup = (began: number | undefined, end: Line, count: number): string => {
  const lines = ngettext('%(count)s line', '%(count)s lines', count, { count })
  return began === undefined ? lines : `${lines} · ${seconds(end.t - began)}`
}
