// Where lines come from: ranges over HTTP, and a stream that goes on by itself after the hub was away.
import { inquire } from '../inquire'

export interface Line {
  n: number
  t: number
  s: string
}

// What a program has written of the line that it is at: a prompt, a progress bar. It is not part of the log yet.
export interface Unfinished {
  n: number
  s: string
}

export interface Page {
  first: number
  total: number
  lines: Line[]
  // The colours that are on where the first line begins.
  style: string
}

// Some lines, and what they are the whole of: nothing else is wanted from `first` up to, not including, `next`.
export interface Slice extends Page {
  next: number
}

// Which lines are wanted; empty for all.
export interface Part {
  host: string
  level: string
  stage: string
}

const ROUNDS = 40

// The hub's own sentence, where it refused.
export class Refusal extends Error {
  constructor(
    readonly status: number,
    sentence: string,
  ) {
    super(sentence || `HTTP ${status}`)
  }
}

export interface State {
  status: string
  start?: string | null
  end?: string | null
  reason?: string
  question?: string
  queue_position?: number | null
  // How many have begun.
  stages?: number
  [key: string]: unknown
}

interface Batch {
  first: number
  time: string
  times: [number, number][]
  text: string
}

type Sent = { n: number; t: string; s: string }[]

const opened = (lines: Sent): Line[] => lines.map((line) => ({ n: line.n, t: Date.parse(line.t), s: line.s }))

const ask = async <T>(address: string): Promise<T> => {
  const answer = await inquire(address)
  if (answer.ok) return (await answer.json()) as T
  const said = (await answer.json().catch(() => ({}))) as { error?: string }
  throw new Refusal(answer.status, said.error ?? '')
}

export const fetchRange = async (base: string, first: number, count: number): Promise<Page> => {
  const page = await ask<{ first: number; total: number; lines: Sent; style: string }>(`${base}/lines?first=${first}&count=${count}`)
  return { first: page.first, total: page.total, lines: opened(page.lines), style: page.style }
}

// Reads the log, or the part of it that was chosen: then the hub chooses the lines, however long the log is.
export class Reader {
  part: Part = { host: '', level: '', stage: '' }

  constructor(private readonly base: string) {}

  get whole(): boolean {
    return !this.part.host && !this.part.level && !this.part.stage
  }

  get query(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.part).filter(([, value]) => value))
  }

  async last(count: number): Promise<Slice> {
    if (!this.whole) return this.chosen(null, true, count)
    const page = await fetchRange(this.base, -count, count)
    return { ...page, next: page.first + page.lines.length }
  }

  // Lines on both sides of one.
  async around(n: number, count: number): Promise<Slice> {
    if (this.whole) return this.from(Math.max(0, n - Math.floor(count / 2)), count)
    const [above, below] = await Promise.all([this.before(n, count / 2), this.from(n, count / 2)])
    return { ...below, first: above.first, lines: [...above.lines, ...below.lines] }
  }

  async from(n: number, count: number): Promise<Slice> {
    if (!this.whole) return this.chosen(n, false, count)
    const page = await fetchRange(this.base, n, count)
    return { ...page, next: page.first + page.lines.length }
  }

  async before(n: number, count: number): Promise<Slice> {
    if (n <= 0) return { lines: [], first: 0, next: 0, total: 0, style: '' }
    if (!this.whole) return this.chosen(n - 1, true, count)
    const first = Math.max(0, n - count)
    const page = await fetchRange(this.base, first, n - first)
    return { ...page, next: n, lines: page.lines.filter((line) => line.n < n) }
  }

  // Where lines are rare, the hub pauses and says where to go on.
  private async chosen(start: number | null, up: boolean, count: number): Promise<Slice> {
    let from = start
    let lines: Line[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const query = new URLSearchParams({ ...this.query, limit: String(count), direction: up ? 'up' : 'down' })
      if (from !== null) query.set('from', String(from))
      const page = await ask<{ lines: Sent; resume: number | null; total: number }>(`${this.base}/log/part?${query}`)
      lines = up ? [...opened(page.lines), ...lines] : [...lines, ...opened(page.lines)]
      from = page.resume
      if (from === null || lines.length) {
        if (up) return { lines, first: from === null ? 0 : from + 1, next: start === null ? page.total : start + 1, total: page.total, style: '' }
        return { lines, first: start ?? 0, next: from ?? page.total, total: page.total, style: '' }
      }
    }
    throw new Error('the log goes on and on')
  }
}

export const unpack = (batch: Batch): Line[] => {
  const base = Date.parse(batch.time)
  let at = 0
  let time = base
  return batch.text.split('\n').map((s, offset) => {
    while (at < batch.times.length && (batch.times[at] as [number, number])[0] <= offset) {
      time = base + (batch.times[at] as [number, number])[1]
      at += 1
    }
    return { n: batch.first + offset, t: time, s }
  })
}

export interface Listener {
  lines(lines: Line[]): void
  unfinished(now: Unfinished): void
  state(state: State): void
  away(): void
  back(): void
  end(): void
}

export class Stream {
  private source: EventSource | null = null
  private retry = 0
  private timer = 0
  private done = false

  constructor(
    private readonly base: string,
    private next: number,
    private readonly listener: Listener,
  ) {
    this.connect()
    addEventListener('online', () => this.connect())
  }

  private connect(): void {
    if (this.done || (this.source && this.source.readyState !== EventSource.CLOSED)) return
    clearTimeout(this.timer)
    const source = new EventSource(`${this.base}/stream?from=${this.next}&language=${document.documentElement.lang}`)
    this.source = source
    source.addEventListener('open', () => {
      this.retry = 0
      this.listener.back()
    })
    source.addEventListener('lines', (event) => this.take(JSON.parse((event as MessageEvent<string>).data) as Batch))
    source.addEventListener('unfinished', (event) => {
      this.listener.unfinished(JSON.parse((event as MessageEvent<string>).data) as Unfinished)
    })
    source.addEventListener('state', (event) => {
      this.listener.state(JSON.parse((event as MessageEvent<string>).data) as State)
    })
    source.addEventListener('end', () => {
      this.done = true
      source.close()
      this.listener.end()
    })
    source.addEventListener('error', () => this.lost(source))
  }

  // The browser's own reconnecting gives up on an HTTP error, so reconnecting is done here, with a growing pause.
  private lost(source: EventSource): void {
    source.close()
    if (this.done) return
    this.listener.away()
    this.retry += 1
    // A stream does not tell why it was refused; another question does.
    if (this.retry === 2) {
      void inquire(`${this.base}/lines?first=0&count=1`, { headers: { Accept: 'application/json' } }).catch(() => undefined)
    }
    this.timer = window.setTimeout(() => this.connect(), Math.min(15_000, 500 * 2 ** Math.min(this.retry, 5)))
  }

  private take(batch: Batch): void {
    const fresh = unpack(batch).filter((line) => line.n >= this.next)
    const last = fresh[fresh.length - 1]
    if (!last) return
    this.next = last.n + 1
    this.listener.lines(fresh)
  }
}
