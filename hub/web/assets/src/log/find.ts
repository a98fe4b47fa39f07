// Looking into the log: the hub searches, however long the log is; here stands only where one is among what was found.
import { gettext } from '../i18n'
import { inquire } from '../inquire'

interface Shown {
  readonly reader: { readonly query: Record<string, string> }
  goto(n: number): Promise<void>
}

interface Hits {
  hits: { n: number; s: string }[]
  resume: number | null
  total: number
}

const PAUSE = 200
const MOST = 1000
const ROUNDS = 40

class Finder {
  private readonly text = this.part<HTMLInputElement>('log-text')
  private readonly regex = this.part<HTMLInputElement>('log-regex')
  private readonly caps = this.part<HTMLInputElement>('log-case')
  private readonly found = this.part('log-found')
  private readonly rows = this.part('log-rows')
  private hits: number[] = []
  private resume: number | null = null
  private at = -1
  private asked: AbortController | null = null
  private timer = 0
  private due = false
  private painting = 0

  constructor(
    private readonly base: string,
    private readonly shown: Shown,
  ) {
    const again = () => {
      this.due = true
      clearTimeout(this.timer)
      this.timer = window.setTimeout(() => void this.begin(), PAUSE)
    }
    this.text.addEventListener('input', again)
    for (const box of [this.regex, this.caps]) box.addEventListener('change', () => void this.begin())
    this.part('log-find').addEventListener('submit', (event) => {
      event.preventDefault()
      void this.step(1)
    })
    this.text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !event.shiftKey) return
      event.preventDefault()
      void this.step(-1)
    })
    this.part('log-before').addEventListener('click', () => void this.step(-1))
    this.part('log-error').addEventListener('click', () => void this.firstError())
    new MutationObserver(() => (this.painting ||= requestAnimationFrame(() => this.paint()))).observe(this.rows, { childList: true })
  }

  private async begin(): Promise<void> {
    clearTimeout(this.timer)
    this.due = false
    this.asked?.abort()
    this.hits = []
    this.resume = null
    this.at = -1
    this.paint()
    if (!this.text.value) return this.say('')
    await this.more(0)
    if (this.hits.length) await this.step(1)
  }

  // Asks until something is found or the log is at its end; a long search goes on where it had to pause.
  private async more(from: number): Promise<void> {
    const asked = (this.asked = new AbortController())
    this.say(gettext('Searching…'))
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const page = await this.ask({ q: this.text.value, regex: String(this.regex.checked), case: String(this.caps.checked), from: String(from), limit: String(MOST) }, asked)
        this.hits.push(...page.hits.map((hit) => hit.n))
        this.resume = page.resume
        if (page.resume === null || page.hits.length) break
        from = page.resume
      }
      this.tell()
    } catch (error) {
      if (!asked.signal.aborted) this.say(error instanceof Error ? error.message : '')
    }
  }

  private async ask(query: Record<string, string>, asked: AbortController): Promise<Hits> {
    const within = new URLSearchParams({ ...this.shown.reader.query, ...query })
    const answer = await inquire(`${this.base}/log/search?${within}`, { signal: asked.signal })
    const body = (await answer.json().catch(() => ({}))) as Hits & { error?: string }
    if (!answer.ok) throw new Error(body.error ?? gettext('The log could not be searched. Try again.'))
    return body
  }

  private async step(by: number): Promise<void> {
    if (this.due) return this.begin()
    if (!this.hits.length) return
    const next = this.at + by
    if (next >= this.hits.length && this.resume !== null) await this.more(this.resume)
    this.at = (next + this.hits.length) % this.hits.length
    this.tell()
    await this.shown.goto(this.hits[this.at] as number)
    this.paint()
  }

  private async firstError(): Promise<void> {
    clearTimeout(this.timer)
    const asked = (this.asked = new AbortController())
    try {
      let from = 0
      for (let round = 0; round < ROUNDS; round++) {
        const page = await this.ask({ errors: 'true', limit: '1', from: String(from) }, asked)
        const hit = page.hits[0]
        if (hit) {
          await this.shown.goto(hit.n)
          return this.say(gettext('Line %(n)s tells of an error.', { n: hit.n + 1 }))
        }
        if (page.resume === null) break
        from = page.resume
      }
      this.say(gettext('No line looks like an error.'))
    } catch (error) {
      if (!asked.signal.aborted) this.say(error instanceof Error ? error.message : '')
    }
  }

  private tell(): void {
    const all = `${this.hits.length.toLocaleString(document.documentElement.lang)}${this.resume === null ? '' : '+'}`
    if (!this.hits.length) this.say(gettext('Nothing found.'))
    else this.say(gettext('%(at)s of %(all)s', { at: Math.max(this.at + 1, 1), all }))
  }

  private say(text: string): void {
    if (this.found.textContent !== text) this.found.textContent = text
  }

  // Words are painted over the lines in the page without touching them; of patterns, the lines are marked alone.
  private paint(): void {
    this.painting = 0
    if (!('highlights' in CSS)) return
    CSS.highlights.delete('log-find')
    const wanted = this.caps.checked ? this.text.value : this.text.value.toLowerCase()
    if (!wanted || this.regex.checked) return
    const ranges: Range[] = []
    const walker = document.createTreeWalker(this.rows, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node && ranges.length < 2000; node = walker.nextNode()) {
      if (!node.parentElement?.closest('.log-text')) continue
      const text = this.caps.checked ? (node.nodeValue ?? '') : (node.nodeValue ?? '').toLowerCase()
      for (let at = text.indexOf(wanted); at >= 0 && at + wanted.length <= (node.nodeValue?.length ?? 0); at = text.indexOf(wanted, at + wanted.length)) {
        const range = new Range()
        range.setStart(node, at)
        range.setEnd(node, at + wanted.length)
        ranges.push(range)
      }
    }
    CSS.highlights.set('log-find', new Highlight(...ranges))
  }

  private part<E extends HTMLElement = HTMLElement>(id: string): E {
    return document.getElementById(id) as E
  }
}

export const finding = (root: HTMLElement, reader: Shown): void => {
  if (document.getElementById('log-find')) new Finder(root.dataset['source'] ?? '', reader)
}
