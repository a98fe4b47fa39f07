// Small comforts of forms: parts that depend on a choice, quiet sending, reveal, and a warning before losing work.
import { gettext } from './i18n'
import { inquire } from './inquire'
import { say } from './say'

const value = (form: HTMLFormElement, name: string): string => {
  const field = form.elements.namedItem(name)
  if (field instanceof HTMLInputElement && field.type === 'checkbox') return field.checked ? 'true' : ''
  if (field instanceof RadioNodeList) {
    const boxes = [...field].filter((node): node is HTMLInputElement => node instanceof HTMLInputElement)
    const ticked = boxes.find((box) => box.checked)
    return ticked?.value ?? ''
  }
  return field && 'value' in field ? String(field.value) : ''
}

// data-when="type=build,deploy&source=": shown, and its fields sent, only while each named field has one of its values;
// with "pick^=ansible|" one that begins so.
const dependents = (form: HTMLFormElement): void => {
  for (const part of form.querySelectorAll<HTMLElement>('[data-when]')) {
    const fits = (part.dataset['when'] ?? '').split('&').every((condition) => {
      const [name = '', wanted = ''] = condition.split('=')
      const now = value(form, name.replace('^', ''))
      return wanted.split(',').some((one) => (name.endsWith('^') ? now.startsWith(one) : now === one))
    })
    part.hidden = !fits
    if (part instanceof HTMLFieldSetElement) part.disabled = !fits
  }
}

const quiet = async (form: HTMLFormElement): Promise<void> => {
  const buttons = form.querySelectorAll<HTMLButtonElement>('button')
  for (const button of buttons) button.disabled = true
  try {
    const answer = await inquire(form.action, {
      method: 'POST',
      body: new FormData(form),
      headers: { 'X-Quiet': 'yes' },
      redirect: 'manual',
    })
    if (answer.type !== 'opaqueredirect' && !answer.ok) {
      const body = (await answer.json().catch(() => ({}))) as { error?: string }
      say(body.error ?? gettext('That did not work. Reload the page and try again.'), 'danger')
    }
  } catch {
    say(gettext('The hub does not answer. Check your connection and try again.'), 'danger')
  } finally {
    for (const button of buttons) button.disabled = false
  }
}

// data-waits="A worker looks …": what happens while a form that takes long is under way; one more click sends nothing.
const waiting = (form: HTMLFormElement): void => {
  const button = form.querySelector<HTMLButtonElement>('.form-foot .btn-primary')
  const line = document.createElement('span')
  line.className = 'form-waits'
  line.setAttribute('role', 'status')
  button?.parentElement?.append(line)
  form.addEventListener('submit', (event) => {
    if (button?.getAttribute('aria-disabled') === 'true') event.preventDefault()
    button?.setAttribute('aria-disabled', 'true')
    button?.classList.add('btn-loading')
    line.textContent = form.dataset['waits'] ?? ''
  })
  addEventListener('pageshow', () => {
    button?.removeAttribute('aria-disabled')
    button?.classList.remove('btn-loading')
    line.textContent = ''
  })
}

// <form method="get" data-brief>: the address names only what was filled in. What goes along with other fields says so.
const brief = (form: HTMLFormElement): void => {
  const own = document.documentElement.dataset['zone'] || Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'
  for (const field of form.querySelectorAll<HTMLInputElement>('[data-reader-zone]')) field.value = own
  form.addEventListener('formdata', ({ formData }) => {
    for (const [name, text] of [...formData]) if (text === '') formData.delete(name)
    for (const field of form.querySelectorAll<HTMLInputElement>('[data-goes-with]')) {
      if (!(field.dataset['goesWith'] ?? '').split(' ').some((name) => formData.has(name))) formData.delete(field.name)
    }
  })
}

// While the year of a day is typed it is one of the first centuries for a moment.
const unfinished = (field: HTMLElement): boolean => field instanceof HTMLInputElement && field.type === 'date' && field.value !== '' && field.value < '1970'

const guardUnsaved = (form: HTMLFormElement): void => {
  let dirty = false
  form.addEventListener('input', () => (dirty = true))
  form.addEventListener('submit', () => (dirty = false))
  document.addEventListener('hub:kept', () => (dirty = false))
  addEventListener('beforeunload', (event) => {
    if (dirty) event.preventDefault()
  })
}

// A secret of 43 letters that no two people make up; it is shown, so that it can be taken to where it is needed.
const madeUp = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

const making = (event: Event): void => {
  const button = (event.target as Element).closest<HTMLElement>('[data-generates]')
  const field = button && document.getElementById(button.dataset['generates'] ?? '')
  if (!(field instanceof HTMLInputElement)) return
  field.value = madeUp()
  field.type = 'text'
  field.dispatchEvent(new Event('input', { bubbles: true }))
  field.focus()
  field.select()
}

export const forms = (): void => {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-depends]')) {
    form.addEventListener('change', () => dependents(form))
    dependents(form)
  }
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-guard]')) guardUnsaved(form)
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-waits]')) waiting(form)
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-brief]')) brief(form)
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement
    if (event.defaultPrevented || form.dataset['quiet'] === undefined) return
    event.preventDefault()
    void quiet(form)
  })
  document.addEventListener('change', (event) => {
    const field = event.target as HTMLElement
    if (field.dataset['submits'] !== undefined && !unfinished(field)) (field as HTMLInputElement).form?.requestSubmit()
  })
  document.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-reveals]')
    const field = button && document.getElementById(button.dataset['reveals'] ?? '')
    if (!button || !(field instanceof HTMLInputElement)) return
    field.type = field.type === 'password' ? 'text' : 'password'
    button.setAttribute('aria-pressed', String(field.type === 'text'))
  })
  document.addEventListener('click', making)
  document.querySelector<HTMLElement>('.is-invalid')?.focus()
}
