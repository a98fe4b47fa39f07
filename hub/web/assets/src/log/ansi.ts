// Turns one line of terminal output into spans. Text only ever enters the page through textContent.
import { type Color, createAnsiSequenceParser } from 'ansi-sequence-parser'

// Window titles and links (OSC), other string sequences, cursor movement and erasing (CSI except SGR), single escapes.
const OSC = /\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?/g
const CSI = /\x1b\[[0-?]*[ -/]*[@-ln-~]/g
const ESC = /\x1b(?:[ -/]+[0-~]|[0-Z\\-~])/g
const CONTROLS = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g

export const MOST = 20_000

// A carriage return goes back to the start of the line: what was written last is what a terminal would show.
const lastWritten = (text: string): string => {
  if (!text.includes('\r')) return text
  const parts = text.split('\r')
  for (let at = parts.length - 1; at >= 0; at--) if (parts[at] !== '') return parts[at] as string
  return ''
}

export const clean = (text: string): string =>
  lastWritten(text).replace(OSC, '').replace(CSI, '').replace(ESC, '').replace(CONTROLS, '')

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

const paint = (span: HTMLElement, color: Color, ground: boolean): void => {
  const prefix = ground ? 'ansi-bg' : 'ansi-fg'
  if (color.type === 'named') {
    span.classList.add(`${prefix}-${color.name.replace(/^bright(.)/, (_, first: string) => `b${first.toLowerCase()}`)}`)
  } else if (color.type === 'table' && color.index < 16) {
    span.classList.add(`${prefix}-${color.index >= 8 ? 'b' : ''}${BASE[color.index % 8]}`)
  } else {
    const code = color.type === 'table' ? cube(color.index) : `rgb(${color.rgb.join(',')})`
    span.style.setProperty(ground ? 'background-color' : 'color', code)
  }
}

export const render = (raw: string, into: HTMLElement, whole = false): void => {
  const cut = !whole && raw.length > MOST
  const text = clean(cut ? raw.slice(0, MOST) : raw)
  if (!text.includes('\x1b')) {
    into.textContent = text
    return
  }
  const pieces: Node[] = []
  for (const token of createAnsiSequenceParser().parse(text)) {
    const value = token.value.replaceAll('\x1b', '')
    if (!value) continue
    if (!token.foreground && !token.background && token.decorations.size === 0) {
      pieces.push(document.createTextNode(value))
      continue
    }
    const span = document.createElement('span')
    span.textContent = value
    if (token.foreground) paint(span, token.foreground, false)
    if (token.background) paint(span, token.background, true)
    for (const decoration of token.decorations) span.classList.add(`ansi-${decoration}`)
    pieces.push(span)
  }
  into.replaceChildren(...pieces)
}

export const plain = (raw: string): string => clean(raw).replace(/\x1b\[[0-9;:]*m/g, '')
