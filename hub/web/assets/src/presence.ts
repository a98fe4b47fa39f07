// Whether the hub answers. A page that loses it says so, goes on trying and says when it is back; a form that is sent
// meanwhile waits, since the browser would put a page of its own in its place.
import { gettext } from './i18n'
import { say, unsay } from './say'

const CALM = 10_000
const AWAY = 2_000
const PATIENCE = 15_000
const TOLD = 1_000

let gone = false
let timer = 0
let looking: Promise<void> | null = null

const sentence = (): string => gettext('The hub does not answer. This page goes on trying.')

const unsent = (): string => gettext('The hub does not answer, so nothing was sent. What you typed stays here.')

// The log says so where it is read.
const known = (): boolean => document.querySelector('#log-note:not([hidden])') !== null

export const away = (): void => {
  if (!gone && !known()) say(sentence(), 'danger')
  gone = true
  soon()
}

export const back = (): void => {
  if (!gone) return
  gone = false
  unsay(sentence())
  unsay(unsent())
  if (!known()) say(gettext('The hub answers again.'))
  document.dispatchEvent(new Event('hub:back'))
}

// A proxy that answers in its place says so with one of these.
const answers = async (address: string): Promise<boolean> => {
  try {
    const answer = await fetch(address, { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) })
    return ![502, 503, 504].includes(answer.status)
  } catch {
    return false
  }
}

const look = async (address: string): Promise<void> => {
  if (await answers(address)) return back()
  // A page that is left gives up its questions, too, and so does a moment of a network that changes.
  if (!gone) await new Promise((resolve) => setTimeout(resolve, TOLD))
  if (gone || !(await answers(address))) away()
  else back()
}

const place = (): string => document.documentElement.dataset['alive'] ?? ''

const now = (): Promise<void> => (looking ??= look(place()).finally(() => (looking = null)))

function soon(): void {
  clearTimeout(timer)
  timer = window.setTimeout(() => {
    void (document.hidden ? Promise.resolve() : now()).then(soon)
  }, gone ? AWAY : CALM)
}

const hold = (event: SubmitEvent): void => {
  const form = event.target as HTMLFormElement
  if (!gone || form.method !== 'post' || form.dataset['quiet'] !== undefined) return
  event.preventDefault()
  event.stopImmediatePropagation()
  const { submitter } = event
  void now().then(() => {
    if (gone) say(unsent(), 'danger')
    else form.requestSubmit(submitter instanceof HTMLElement && form.contains(submitter) ? submitter : null)
  })
}

export const watching = (): void => {
  if (!place()) return
  document.addEventListener('submit', hold, true)
  document.addEventListener('visibilitychange', () => document.hidden || void now())
  for (const event of ['online', 'offline']) addEventListener(event, () => void now())
  soon()
}
