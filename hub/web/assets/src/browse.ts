// The repository beside the fields of branch and script: asked when it is opened, filled in by a click.
import { gettext } from './i18n'
import { inquire } from './inquire'
import { localise } from './time'

const PATIENCE = 300

export const browsing = (): void => {
  const box = document.querySelector<HTMLDetailsElement>('details[data-browse]')
  const form = box?.closest('form')
  const shown = box?.querySelector<HTMLElement>('[data-browse-found]')
  const text = box?.querySelector<HTMLInputElement>('[data-browse-text]')
  if (!box || !form || !shown || !text) return
  let asked = ''
  let timer = 0
  const field = (name: string): HTMLInputElement | null => form.querySelector(`[name="${name}"]`)
  const look = async (): Promise<void> => {
    const query = new URLSearchParams({ q: text.value })
    for (const name of ['repository_id', 'git_branch', 'app']) query.set(name, field(name)?.value ?? '')
    const wanted = query.toString()
    if (!box.open || wanted === asked) return
    asked = wanted
    shown.setAttribute('aria-busy', 'true')
    if (!shown.textContent.trim()) shown.textContent = gettext('A worker looks into the repository …')
    try {
      const answer = await inquire(`${box.dataset['browse'] ?? ''}?${wanted}`, { headers: { 'HX-Request': 'true' } })
      if (asked !== wanted) return
      if (answer.ok) shown.innerHTML = await answer.text()
      else shown.textContent = gettext('That did not work. Reload the page and try again.')
      localise()
    } catch {
      asked = ''
      shown.textContent = gettext('The hub does not answer. Check your connection and try again.')
    }
    shown.removeAttribute('aria-busy')
  }
  const soon = (): void => {
    clearTimeout(timer)
    timer = window.setTimeout(() => void look(), PATIENCE)
  }
  box.hidden = false
  box.addEventListener('toggle', () => void look())
  text.addEventListener('input', (event) => {
    event.stopPropagation()
    soon()
  })
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') event.preventDefault()
  })
  form.addEventListener('change', (event) => {
    if (['repository_id', 'git_branch'].includes((event.target as HTMLInputElement).name)) soon()
  })
  box.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>('[data-fills]')
    const target = button && field(button.dataset['fills'] ?? '')
    if (!button || !target) return
    target.value = button.value === '.' ? '' : button.value
    for (const kind of ['input', 'change']) target.dispatchEvent(new Event(kind, { bubbles: true }))
    if (target.name === 'git_branch') return
    box.open = false
    target.focus()
  })
}
