// Two ways in which variables are written as text: a JSON object, and lines NAME=value. Both become rows and text again.
import { gettext } from '../i18n'

// The value of a row is text as it is, or what stands in JSON, exactly as it was written there.
export interface Row {
  name: string
  value: string
  json: boolean
}

export interface Form {
  title: string
  kinds: boolean
  rows: (text: string) => Row[] | null
  text: (rows: Row[]) => string
  fault: (row: Row) => string
}

const string = (text: string, start: number): number => {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

const blank = (text: string, start: number): number => {
  let at = start
  while (' \t\r\n'.includes(text[at] ?? '-')) at += 1
  return at
}

const valueEnd = (text: string, start: number): number => {
  let at = start
  for (let depth = 0; ; ) {
    const letter = text[at] ?? '}'
    if (depth === 0 && (letter === ',' || letter === '}')) return at
    if ('{['.includes(letter)) depth += 1
    if ('}]'.includes(letter)) depth -= 1
    at = letter === '"' ? string(text, at) : at + 1
  }
}

// Members of an object as they are written: JSON.parse would round long numbers and forget names that are there twice.
const members = (text: string): Row[] => {
  const found: Row[] = []
  let at = blank(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const end = string(text, at)
    const from = blank(text, blank(text, end) + 1)
    const until = valueEnd(text, from)
    const raw = text.slice(from, until).trim()
    const name = JSON.parse(text.slice(at, end)) as string
    found.push(raw.startsWith('"') ? { name, value: JSON.parse(raw) as string, json: false } : { name, value: raw.replace(/\n {2}/g, '\n'), json: true })
    at = text[until] === ',' ? blank(text, until + 1) : text.length
  }
  return found
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

export const json: Form = {
  title: 'JSON',
  kinds: true,
  rows: (text) => {
    if (!text.trim()) return []
    return isJson(text) && text.trim().startsWith('{') ? members(text) : null
  },
  text: (rows) =>
    rows.length
      ? `{\n${rows.map((row) => `  ${JSON.stringify(row.name)}: ${row.json ? row.value.trim().replace(/\n/g, '\n  ') : JSON.stringify(row.value)}`).join(',\n')}\n}`
      : '',
  fault: (row) => (row.json && !isJson(row.value) ? gettext('This is not JSON.') : ''),
}

const LINE = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/

export const lines: Form = {
  title: gettext('Text'),
  kinds: false,
  rows: (text) => {
    const found = text.split('\n').filter((line) => line.trim()).map((line) => LINE.exec(line))
    return found.includes(null) ? null : found.map((pair) => ({ name: pair?.[1] ?? '', value: pair?.[2]?.trim() ?? '', json: false }))
  },
  text: (rows) => rows.map((row) => `${row.name}=${row.value}`).join('\n'),
  fault: (row) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(row.name)) return gettext('Letters, digits and _ only, and no digit first.')
    return row.value.includes('\n') ? gettext('A value cannot hold a line break here.') : ''
  },
}

const unquoted = (text: string): string => {
  const value = text.trim()
  if (/^'.*'$/s.test(value)) return value.slice(1, -1)
  if (/^".*"$/s.test(value)) return value.slice(1, -1).replace(/\\([nrt"\\$])/g, (_, letter: string) => ({ n: '\n', r: '\r', t: '\t' })[letter] ?? letter)
  return value.replace(/\s+#.*$/, '')
}

// What a .env file says; nothing when the text is none.
export const dotenv = (text: string): Row[] => {
  const found: Row[] = []
  for (const line of text.split(/\r?\n/)) {
    if (!line.trim() || line.trim().startsWith('#')) continue
    const pair = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=(.*)$/.exec(line)
    if (!pair) return []
    found.push({ name: pair[1] ?? '', value: unquoted(pair[2] ?? ''), json: false })
  }
  return found
}
