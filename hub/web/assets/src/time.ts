// Shows every <time datetime> in the reader's own zone, and lengths of time that go on counting.
import { gettext } from './i18n'

const language = document.documentElement.lang || 'en'
// The zone that the reader has chosen; the browser's own without a choice.
const zone = document.documentElement.dataset['zone']
const inZone = zone ? { timeZone: zone } : {}
const full = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium', ...inZone })
const minute = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23', ...inZone })
const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hour12: false, ...inZone })
const day = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hour12: false, ...inZone })
const year = new Intl.DateTimeFormat(language, { dateStyle: 'medium', ...inZone })
// A day that was chosen on a calendar, not a moment: it is the same one in every zone.
const calendar = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' })
const dates = new Intl.DateTimeFormat('en-CA', { dateStyle: 'short', ...inZone })

const short = (when: Date, now: Date): string => {
  if (dates.format(when) === dates.format(now)) return clock.format(when)
  return dates.format(when).slice(0, 4) === dates.format(now).slice(0, 4) ? day.format(when) : year.format(when)
}

export const duration = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds))
  const h = Math.floor(whole / 3600)
  const m = Math.floor((whole % 3600) / 60)
  const s = whole % 60
  if (h > 0) return gettext('%(h)sh %(m)sm', { h, m })
  if (m > 0) return gettext('%(m)sm %(s)ss', { m, s })
  return gettext('%(s)ss', { s })
}

// Put the words on the page; setting only what changed keeps screen readers and morphing calm.
const put = (element: HTMLElement, text: string): void => {
  if (element.textContent !== text) element.textContent = text
}

export const localise = (root: ParentNode = document): void => {
  const now = new Date()
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[datetime]')) {
    const when = new Date(element.dateTime)
    if (Number.isNaN(when.getTime())) continue
    const format = { full, minute, date: calendar }[element.dataset['format'] ?? '']
    put(element, format ? format.format(when) : short(when, now))
    element.title = format === calendar ? element.textContent : full.format(when)
  }
  tick(root)
}

export const tick = (root: ParentNode = document): void => {
  for (const element of root.querySelectorAll<HTMLElement>('[data-since]')) {
    const from = Date.parse(element.dataset['since'] ?? '')
    const until = element.dataset['until'] ? Date.parse(element.dataset['until']) : Date.now()
    if (!Number.isNaN(from)) put(element, duration((until - from) / 1000))
  }
}
