// Marks that scripts write for viewers: groups that fold, errors and warnings. What is stored stays as it was written.
import { gettext } from '../i18n'
import { plain, render } from './ansi'

export type Level = 'error' | 'warning' | 'notice' | 'debug'
export type Mark = { kind: 'group'; depth: number; title: string } | { kind: 'end' } | { kind: Level; place: string; text: string }

// What may be folded, from the outermost: a stage of the task, a play, a task of a play, a group of a script.
export const STAGE = 0
export const PLAY = 1
export const STEP = 2
export const GROUP = 3

const COLONS = /^\s*::(group|endgroup|error|warning|notice|debug)(?: (.*?))?::(.*)$/s
const BRACKETS = /^\s*##\[(group|endgroup|error|warning|notice|debug)\](.*)$/s
const HEADING = /^(PLAY|TASK|RUNNING HANDLER|HANDLER) (\[.*\]|RECAP)(?: \**)?\s*$/
const LONGEST_TITLE = 300

// Most lines have none, so the cheap look comes first.
export const markOf = (raw: string): Mark | null => {
  const start = raw.slice(0, 40)
  if (/^(PLAY|TASK|RUNNING H|HANDLER) /.test(start)) return heading(plain(raw))
  if (!start.includes('::') && !start.includes('##[')) return null
  const text = plain(raw)
  const found = COLONS.exec(text)
  if (found) return made(found[1] as string, found[2] ?? '', found[3] ?? '')
  const other = BRACKETS.exec(text)
  return other ? made(other[1] as string, '', other[2] ?? '') : null
}

// What ends a group of each depth, as the hub's search reads patterns.
const ENDS = [
  '',
  String.raw`^PLAY (?:\[|RECAP)`,
  String.raw`^(?:PLAY|TASK|RUNNING HANDLER|HANDLER) (?:\[|RECAP)`,
  String.raw`^(?:PLAY|TASK|RUNNING HANDLER|HANDLER) (?:\[|RECAP)|^\s*::(?:end)?group\b|^\s*##\[(?:end)?group\]`,
]

// The line that ends a folded group, however far away it is; null where that cannot be told at once.
export const nextHead = async (base: string, depth: number, from: number, stages: Map<number, string>): Promise<number | null> => {
  const next = [...stages.keys()].filter((n) => n >= from).sort((a, b) => a - b)[0]
  if (depth === STAGE) return next ?? null
  const query = new URLSearchParams({ q: ENDS[depth] ?? '', regex: 'true', case: 'true', from: String(from), limit: '1' })
  const answer = await fetch(`${base}/log/search?${query}`)
  if (!answer.ok) return null
  const found = (await answer.json()) as { hits: { n: number }[]; resume: number | null; total: number }
  const at = found.hits[0]?.n ?? found.resume ?? found.total
  return Math.min(at, next ?? at)
}

const heading = (text: string): Mark | null => {
  const found = HEADING.exec(text)
  if (!found) return null
  return { kind: 'group', depth: found[1] === 'PLAY' ? PLAY : STEP, title: `${found[1]} ${found[2]}`.slice(0, LONGEST_TITLE) }
}

const made = (kind: string, about: string, text: string): Mark => {
  if (kind === 'endgroup') return { kind: 'end' }
  if (kind === 'group') return { kind: 'group', depth: GROUP, title: text.trim().slice(0, LONGEST_TITLE) || gettext('Group') }
  return { kind: kind as Level, place: placeOf(about), text }
}

// file=src/a.py,line=3,col=7 becomes src/a.py:3:7
const placeOf = (about: string): string => {
  const said = new Map(about.split(',').map((part) => part.split('=', 2) as [string, string | undefined]))
  return ['file', 'line', 'col'].map((name) => said.get(name)).filter(Boolean).join(':')
}

const word = (level: Level): string =>
  ({ error: gettext('Error'), warning: gettext('Warning'), notice: gettext('Notice'), debug: gettext('Debug') })[level]

const CLASSES: Record<Level, string> = { error: 'log-bad', warning: 'log-warned', notice: 'log-noted', debug: 'log-faint' }

export const foldButton = (depth: number, name: string, css = ''): HTMLElement => {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = `log-fold ${css}`.trim()
  button.dataset['depth'] = String(depth)
  const title = document.createElement('span')
  title.textContent = name
  const about = document.createElement('span')
  about.className = 'log-fold-about'
  button.append(title, about)
  return button
}

// Draws a marked line into its row; the rest of the row is as of every other.
export const draw = (mark: Mark, row: HTMLElement, text: HTMLElement): void => {
  if (mark.kind === 'end') {
    row.classList.add('log-faint')
    text.textContent = '::endgroup::'
    return
  }
  if (mark.kind === 'group') {
    row.classList.add('log-group')
    text.replaceChildren(foldButton(mark.depth, mark.title))
    return
  }
  row.classList.add(CLASSES[mark.kind])
  const label = document.createElement('strong')
  label.textContent = `${word(mark.kind)}: `
  const rest = document.createElement('span')
  render(mark.text, rest)
  text.replaceChildren(label, ...(mark.place ? [`${mark.place}: `] : []), rest)
}
