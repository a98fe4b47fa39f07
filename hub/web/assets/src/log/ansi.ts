// Turns one line of terminal output into spans. Text only ever enters the page through textContent.
import { type Color, createAnsiSequenceParser } from 'ansi-sequence-parser'

// Window titles and links (OSC), other string sequences, cursor movement and erasing (CSI except SGR), single escapes.
const OSC = /\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?/g
const CSI = /\x1b\[[0-?]*[ -/]*[@-ln-~]/g
const ESC = /\x1b(?:[ -/]+[0-~]|[0-Z\\-~])/g
// Colours as some tools write them, with colons: 38:2::255:100:0.
const COLONED = /\x1b\[([\d;]*:[\d;:]*)m/g
const CONTROLS = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g

export const MOST = 20_000

// A carriage return, or the cursor sent to the first column, goes back to the start of the line: what was written last
// is what a terminal would show, in the colours that were chosen before.
const BACK = /\r|\x1b\[[01]?G/
const COLOURS = /\x1b\[[\d;:]*m/g

const lastWritten = (text: string): string => {
  if (!BACK.test(text)) return text
  const parts = text.split(BACK)
  let last = parts.length - 1
  while (last > 0 && parts[last] === '') last -= 1
  const before = parts.slice(0, last).join('').match(COLOURS) ?? []
  return [...before.slice(-20), parts[last]].join('')
}

const uncoloned = (code: string): string => {
  const [kind, how, ...rest] = code.split(':')
  if (how === '2') return [kind, how, ...rest.slice(-3)].join(';')
  if (how === '5') return [kind, how, rest[0]].join(';')
  return kind === '4' && how === '0' ? '24' : (kind ?? '')
}

export const clean = (text: string): string =>
  lastWritten(text)
    .replace(COLONED, (_, codes: string) => `\x1b[${codes.split(';').map(uncoloned).join(';')}m`)
    .replace(OSC, '').replace(CSI, '').replace(ESC, '').replace(CONTROLS, '')

const BASE = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

const cube = (index: number): string => {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10
    return `rgb(${grey},${grey},${grey})`
  }
  const level = (n: number) => (n === 0 ? 0 : 55 + n * 40)
  const rest = index - 16
  return `rgb(${level(Math.floor(rest / 36))},${level(Math.floor(rest / 6) % 6)},${level(rest % 6)})`
}

// Text on a light ground of its own needs dark letters where it says nothing of them.
const isLight = (code: string): boolean => {
  const [red = 0, green = 0, blue = 0] = code.match(/\d+/g)?.map(Number) ?? []
  return 0.299 * red + 0.587 * green + 0.114 * blue > 115
}

const paint = (span: HTMLElement, color: Color, ground: boolean): void => {
  const prefix = ground ? 'ansi-bg' : 'ansi-fg'
  if (color.type === 'named') {
    span.classList.add(`${prefix}-${color.name.replace(/^bright(.)/, (_, first: string) => `b${first.toLowerCase()}`)}`)
  } else if (color.type === 'table' && color.index < 16) {
    span.classList.add(`${prefix}-${color.index >= 8 ? 'b' : ''}${BASE[color.index % 8]}`)
  } else {
    const code = color.type === 'table' ? cube(color.index) : `rgb(${color.rgb.join(',')})`
    span.style.setProperty(ground ? 'background-color' : 'color', code)
    if (ground && isLight(code)) span.classList.add('ansi-on-light')
  }
}

const ADDRESS = /https?:\/\/[^\s<>"'`|\\^{}]+/g

// What ends a sentence, and a bracket that was opened before it, are no part of an address.
const trimmed = (address: string): string => {
  for (let end = address.length; ; end -= 1) {
    const last = address[end - 1] ?? ''
    const opening = { ')': '(', ']': '[' }[last]
    const kept = address.slice(0, end)
    if (!'.,;:!?'.includes(last) && !(opening && kept.split(last).length > kept.split(opening).length)) return kept
    if (end === 1) return ''
  }
}

// Text, and the addresses in it as links to what they show.
const linked = (text: string): (Node | string)[] => {
  if (!text.includes('://')) return [text]
  const pieces: (Node | string)[] = []
  let at = 0
  for (const found of text.matchAll(ADDRESS)) {
    const address = trimmed(found[0])
    if (!URL.canParse(address)) continue
    const link = document.createElement('a')
    link.href = address
    link.target = '_blank'
    link.rel = 'noopener noreferrer'
    link.textContent = address
    pieces.push(text.slice(at, found.index), link)
    at = found.index + address.length
  }
  pieces.push(text.slice(at))
  return pieces
}

// `style` chooses the colours that are on where the line begins.
export const render = (raw: string, into: HTMLElement, style = '', whole = false): void => {
  const cut = !whole && raw.length > MOST
  const text = clean(style + (cut ? raw.slice(0, MOST) : raw))
  if (!text.includes('\x1b')) {
    into.replaceChildren(...linked(text))
    return
  }
  const pieces: (Node | string)[] = []
  for (const token of createAnsiSequenceParser().parse(text)) {
    const value = token.value.replaceAll('\x1b', '')
    if (!value) continue
    if (!token.foreground && !token.background && token.decorations.size === 0) {
      pieces.push(...linked(value))
      continue
    }
    const span = document.createElement('span')
    span.append(...linked(value))
    if (token.background) paint(span, token.background, true)
    if (token.foreground) {
      span.classList.remove('ansi-on-light')
      paint(span, token.foreground, false)
    }
    for (const decoration of token.decorations) span.classList.add(`ansi-${decoration}`)
    pieces.push(span)
  }
  into.replaceChildren(...pieces)
}

export const plain = (raw: string): string => clean(raw).replace(/\x1b\[[0-9;:]*m/g, '')
