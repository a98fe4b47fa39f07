// Asks before a form does something that cannot be undone: <form data-ask="sentence" data-ask-yes="Delete">.
import { gettext } from './i18n'

const build = (sentence: string, yes: string, danger: boolean): HTMLDialogElement => {
  const dialog = document.createElement('dialog')
  dialog.className = 'ask card'
  const text = document.createElement('p')
  text.id = 'ask-text'
  text.textContent = sentence
  dialog.setAttribute('aria-labelledby', text.id)
  const row = document.createElement('form')
  row.method = 'dialog'
  row.className = 'ask-buttons'
  for (const [value, label, look] of [
    ['', gettext('Cancel'), 'btn'],
    ['yes', yes, danger ? 'btn btn-danger' : 'btn btn-primary'],
  ] as const) {
    const button = document.createElement('button')
    button.value = value
    button.className = look
    button.textContent = label
    row.append(button)
  }
  dialog.append(text, row)
  return dialog
}

export const ask = (sentence: string, yes: string, danger = true): Promise<boolean> =>
  new Promise((resolve) => {
    const dialog = build(sentence, yes, danger)
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(dialog.returnValue === 'yes')
    })
    document.body.append(dialog)
    dialog.showModal()
  })

export const asking = (): void => {
  document.addEventListener(
    'submit',
    (event) => {
      const form = event.target as HTMLFormElement
      const sentence = form.dataset['ask']
      if (!sentence || form.dataset['asked'] === 'yes') return
      event.preventDefault()
      event.stopImmediatePropagation()
      const submitter = event.submitter
      void ask(sentence, form.dataset['askYes'] ?? gettext('Yes'), form.dataset['askCalm'] === undefined).then((sure) => {
        if (!sure) return
        form.dataset['asked'] = 'yes'
        form.requestSubmit(submitter instanceof HTMLElement && form.contains(submitter) ? submitter : null)
        delete form.dataset['asked']
      })
    },
    true,
  )
}
