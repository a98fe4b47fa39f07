// What was typed into a form outlives a session that ended meanwhile: it waits in this tab until one is back. What is
// secret is never kept.
import { gettext } from './i18n'
import { say } from './say'

const KEY = 'hub.form'
const LONGEST = 2_000_000
const WHILE = 30 * 60_000

type Entry = [name: string, value: string, ticked: boolean]
interface Kept {
  reader: string
  page: string
  action: string
  fields: Entry[]
  version: string
  secrets: boolean
  files: boolean
  at: number
  // The session had ended before it came.
  lost: boolean
  // A page of its own told why it was not taken.
  refused: boolean
}
type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement

const reader = (): string => document.documentElement.dataset['reader'] ?? ''

const here = (): string => location.pathname + location.search

const isField = (one: Element): one is Field => /^(INPUT|SELECT|TEXTAREA)$/.test(one.tagName) && (one as Field).name !== ''

const isSecret = (field: Field): boolean =>
  field.type === 'password' ||
  field.dataset['unkept'] !== undefined ||
  /password|one-time-code/.test(field.autocomplete) ||
  // One whose text was made visible is still next to the button that did it.
  field.parentElement?.querySelector('[data-reveals]') !== null

const isTick = (field: Field): boolean => field.type === 'checkbox' || field.type === 'radio'

const store = (kept: Kept | null): void => {
  try {
    if (kept) sessionStorage.setItem(KEY, JSON.stringify(kept))
    else sessionStorage.removeItem(KEY)
  } catch {
    // A browser that keeps nothing asks for everything again.
  }
}

const stored = (): Kept | null => {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Kept | null
  } catch {
    return null
  }
}

// Which state of a thing the form was drawn from: whoever else changed it meanwhile is not overwritten unseen.
const versionOf = (form: HTMLFormElement): HTMLInputElement | null => form.querySelector('input[type=hidden][name=version]')

const keepForm = (form: HTMLFormElement): void => {
  const fields: Entry[] = []
  let secrets = false
  let files = false
  for (const field of [...form.elements].filter(isField)) {
    if (field.type === 'hidden' || field.type === 'submit') continue
    if (field.type === 'file') files ||= field.value !== ''
    else if (isSecret(field)) secrets ||= field.value !== ''
    else fields.push([field.name, field.value, !isTick(field) || (field as HTMLInputElement).checked])
  }
  const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (size > LONGEST) return
  const version = versionOf(form)?.value ?? ''
  const action = new URL(form.action).pathname
  store({ reader: reader(), page: here(), action, fields, version, secrets, files, at: Date.now(), lost: false, refused: false })
}

let edited: HTMLFormElement | null = null

// The session has ended: reloading leads by way of the sign-in back to here, and to what was typed.
const leave = (): void => {
  if (edited?.isConnected) keepForm(edited)
  document.dispatchEvent(new Event('hub:kept'))
  location.reload()
}

// Rows that were added on the page are added again: secret-3-name needs four rows of #secret-rows.
const addRows = (form: HTMLFormElement, name: string): void => {
  const [, group, number] = /^(.+?)-(\d+)-/.exec(name) ?? []
  if (group === undefined) return
  for (const list of form.querySelectorAll<HTMLElement>('[data-rows]')) {
    const model = document.getElementById(list.dataset['rows'] ?? '') as HTMLTemplateElement | null
    if (!model?.content.querySelector(`[name^="${CSS.escape(group)}-__-"]`)) continue
    const button = document.querySelector<HTMLElement>(`[data-row-add="${CSS.escape(list.id)}"]`)
    for (let tries = 0; button && list.children.length <= Number(number) && tries < 200; tries += 1) button.click()
  }
}

const refill = (form: HTMLFormElement, kept: Kept, why: string): void => {
  const seen = new Map<string, number>()
  for (const [name, value, ticked] of kept.fields) {
    const called = () => [...form.elements].filter(isField).filter((field) => field.name === name && field.type !== 'hidden')
    if (!called().length) addRows(form, name)
    const at = seen.get(name) ?? 0
    seen.set(name, at + 1)
    const field = called()[at]
    if (!field || field.type === 'file' || isSecret(field)) continue
    if (isTick(field)) (field as HTMLInputElement).checked = ticked
    else field.value = value
    field.dispatchEvent(new Event('change', { bubbles: true }))
  }
  const version = versionOf(form)
  if (version && kept.version) version.value = kept.version
  form.dispatchEvent(new Event('input', { bubbles: true }))
  const told = [why]
  if (kept.secrets) told.push(gettext('Secrets must be entered again.'))
  if (kept.files) told.push(gettext('Files must be chosen again.'))
  say(told.join(' '), 'danger')
}

const signIn = (form: HTMLFormElement): void => {
  const kept = stored()
  if (!kept) return
  store({ ...kept, lost: true })
  const back = form.querySelector<HTMLInputElement>('[name=return]')
  if (back) back.value = kept.page
  const note = document.createElement('p')
  note.className = 'notice notice-info'
  note.setAttribute('role', 'status')
  note.textContent = kept.fields.length
    ? gettext('Your session has ended. What you had typed is kept in this tab: sign in to go on with it.')
    : gettext('Your session has ended: sign in to go on.')
  form.before(note)
}

const navigation = (): PerformanceNavigationTiming | undefined =>
  performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming | undefined

// Whether this page is what the hub made of a form.
const answered = (): boolean => document.documentElement.dataset['sent'] !== undefined || (navigation()?.redirectCount ?? 0) > 0

// What was sent and not answered waits for its page; what an error page refused, for the way back from there.
const waits = (kept: Kept): boolean => {
  if (answered()) {
    const refused = document.querySelector('[data-back]') !== null && kept.fields.length > 0
    store(refused ? { ...kept, refused } : null)
    return true
  }
  const forgotten = Date.now() - kept.at > WHILE || !kept.fields.length || (kept.refused && navigation()?.type !== 'back_forward')
  if (forgotten) store(null)
  return forgotten || here() !== kept.page
}

const reason = (kept: Kept): string => {
  if (!kept.lost && kept.refused) return gettext('What you had sent was not taken. It is here again.')
  if (!kept.lost) return gettext('The hub did not answer when you sent this. What you had typed is here again: look whether it was taken.')
  if (!kept.fields.length) return gettext('Your session had ended, so nothing was done. Do it once more.')
  return gettext('Your session had ended. What you had typed is here again; send it once more.')
}

const restore = (): void => {
  const kept = stored()
  if (!kept) return
  if (document.querySelector('[data-stale]')) return store({ ...kept, lost: true })
  if (kept.reader !== reader()) return store(null)
  if (kept.lost && here() !== kept.page) return // on the way, at the second factor for instance
  if (!kept.lost && waits(kept)) return
  store(null)
  const forms = [...document.querySelectorAll<HTMLFormElement>('form[method=post]')]
  const form = forms.find((one) => new URL(one.action).pathname === kept.action)
  if (form) refill(form, kept, reason(kept))
}

export const keepForms = (): void => {
  const login = document.querySelector<HTMLFormElement>('form[action$="/auth/login"]')
  if (login) signIn(login)
  else if (reader()) addEventListener('load', restore)
  document.addEventListener('hub:signed-out', leave)
  document.addEventListener('input', (event) => {
    const form = (event.target as Partial<Field>).form
    // What editors and tables write into their fields comes from somebody who is in the form.
    if (form?.method === 'post' && (event.isTrusted || form.contains(document.activeElement))) edited = form
  })
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement
    if (event.defaultPrevented || form.method !== 'post' || !reader()) return
    if (form.action.endsWith('/auth/logout')) store(null)
    else if (form.dataset['quiet'] === undefined && form.dataset['downloads'] === undefined) keepForm(form)
  })
}
