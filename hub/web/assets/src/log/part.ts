// Which part of the log is shown: a level, a host, a stage. The address keeps it, so that a link shows the same.
import type { Part } from './source'

const NAMES = ['level', 'host', 'stage'] as const
const PAUSE = 350

export class PartControls {
  private timer = 0

  constructor(private readonly changed: (part: Part) => void) {
    const asked = new URLSearchParams(location.search)
    this.stages()
    for (const name of NAMES) {
      const field = this.field(name)
      if (!field) continue
      field.value = asked.get(`log_${name}`) ?? ''
      field.addEventListener('change', () => this.tell())
    }
    // A name is typed, so the hub is not asked for each letter.
    this.field('host')?.addEventListener('input', () => {
      clearTimeout(this.timer)
      this.timer = window.setTimeout(() => this.tell(), PAUSE)
    })
    document.getElementById('log-whole')?.addEventListener('click', () => this.choose({ level: '', host: '', stage: '' }))
    document.addEventListener('click', (event) => {
      const link = (event.target as Element).closest<HTMLElement>('[data-log-stage], [data-log-host]')
      if (!link) return
      const { logStage: stage = '', logHost: host = '' } = link.dataset
      this.choose({ level: '', host, stage })
      document.getElementById('log')?.scrollIntoView({ block: 'nearest' })
    })
  }

  get part(): Part {
    const value = (name: (typeof NAMES)[number]) => this.field(name)?.value.trim() ?? ''
    return { level: value('level'), host: value('host'), stage: value('stage') }
  }

  get whole(): boolean {
    return NAMES.every((name) => !this.part[name])
  }

  choose(part: Part): void {
    for (const name of NAMES) {
      const field = this.field(name)
      if (field) field.value = part[name]
    }
    this.tell()
  }

  // The stages that the page tells of; they become known when a pass of the task has ended.
  stages(): Map<number, string> {
    const found = new Map<number, string>()
    const select = this.field('stage')
    const links = [...document.querySelectorAll<HTMLElement>('#task-side [data-log-stage]')]
    for (const link of links) found.set(Number(link.dataset['firstLine']), link.textContent?.trim() ?? '')
    if (!(select instanceof HTMLSelectElement)) return found
    const [all] = select.options
    const kept = select.value
    const options = links.map((link) => new Option(link.textContent?.trim() ?? '', link.dataset['logStage']))
    select.replaceChildren(...(all ? [all] : []), ...options)
    select.value = kept
    select.hidden = links.length < 2
    return found
  }

  private tell(): void {
    clearTimeout(this.timer)
    const address = new URL(location.href)
    for (const name of NAMES) {
      if (this.part[name]) address.searchParams.set(`log_${name}`, this.part[name])
      else address.searchParams.delete(`log_${name}`)
    }
    if (address.href !== location.href) history.replaceState(history.state, '', address)
    this.changed(this.part)
  }

  private field(name: string): HTMLInputElement | HTMLSelectElement | null {
    return document.getElementById(`log-${name}`) as HTMLInputElement | HTMLSelectElement | null
  }
}
