// Where lines come from: ranges over HTTP, and a stream that goes on by itself after the hub was away.

export interface Line {
  n: number
  t: number
  s: string
}

export interface Page {
  first: number
  total: number
  lines: Line[]
}

export interface State {
  status: string
  start?: string | null
  end?: string | null
  reason?: string
  question?: string
  queue_position?: number | null
  [key: string]: unknown
}

interface Batch {
  first: number
  time: string
  times: [number, number][]
  text: string
}

export const fetchRange = async (base: string, first: number, count: number): Promise<Page> => {
  const answer = await fetch(`${base}/lines?first=${first}&count=${count}`, { headers: { Accept: 'application/json' } })
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
  const page = (await answer.json()) as { first: number; total: number; lines: { n: number; t: string; s: string }[] }
  return {
    first: page.first,
    total: page.total,
    lines: page.lines.map((line) => ({ n: line.n, t: Date.parse(line.t), s: line.s })),
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
