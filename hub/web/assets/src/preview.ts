// A look at the questions of a template before it is saved, drawn as the form of a run draws them.
import { inquire } from './inquire'
import { say } from './say'

export const previewing = (): void => {
  const button = document.querySelector<HTMLButtonElement>('[data-preview]')
  const dialog = document.getElementById('survey-preview')
  const shown = dialog?.querySelector('[data-preview-shown]')
  const form = button?.form
  if (!button || !form || !shown || !(dialog instanceof HTMLDialogElement)) return
  button.hidden = false
  button.addEventListener('click', () => {
    void (async () => {
      const answer = await inquire(button.dataset['preview'] ?? '', { method: 'POST', body: new FormData(form), headers: { 'X-Quiet': 'yes' } })
      if (!answer.ok) {
        const body = (await answer.json().catch(() => ({}))) as { error?: string }
        say(body.error ?? '', 'danger')
        return
      }
      shown.innerHTML = await answer.text()
      dialog.showModal()
    })()
  })
}
