// Marks that scripts write for viewers: groups that fold, errors and warnings. What is stored stays as it was written.
import { gettext } from '../i18n'
import { plain, render } from './ansi'

export type Level = 'error' | 'warning' | 'notice' | 'debug'
export type Mark = { kind: 'group'; title: string } | { kind: 'end' } | { kind: Level; place: string; text: string }

const COLONS = /^\s*::(group|endgroup|error|warning|notice|debug)(?: (.*?))?::(.*)$/s
const BRACKETS = /^\s*##\[(group|endgroup|error|warning|notice|debug)\](.*)$/s
const LONGEST_TITLE = 300

// Most lines have none, so the cheap look comes first.
export const markOf = (raw: string): Mark | null => {
  const start = raw.slice(0, 40)
  if (!start.includes('::') && !start.includes('##[')) return null
  const text = plain(raw)
  const found = COLONS.exec(text)
  if (found) return made(found[1] as string, found[2] ?? '', found[3] ?? '')
  const other = BRACKETS.exec(text)
  return other ? made(other[1] as string, '', other[2] ?? '') : null
}

const made = (kind: string, about: string, text: string): Mark => {
  if (kind === 'endgroup') return { kind: 'end' }
  if (kind === 'group') return { kind: 'group', title: text.trim().slice(0, LONGEST_TITLE) || gettext('Group') }
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

// Draws a marked line into its row; the rest of the row is as of every other.
export const draw = (mark: Mark, row: HTMLElement, text: HTMLElement): void => {
  if (mark.kind === 'end') {
    row.classList.add('log-faint')
    text.textContent = '::endgroup::'
    return
  }
  if (mark.kind === 'group') {
    row.classList.add('log-group')
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'log-fold'
    const title = document.createElement('span')
    title.textContent = mark.title
    const about = document.createElement('span')
    about.className = 'log-fold-about'
    button.append(title, about)
    text.replaceChildren(button)
    return
  }
  row.classList.add(CLASSES[mark.kind])
  const label = document.createElement('strong')
  label.textContent = `${word(mark.kind)}: `
  const rest = document.createElement('span')
  render(mark.text, rest)
  text.replaceChildren(label, ...(mark.place ? [`${mark.place}: `] : []), rest)
}
