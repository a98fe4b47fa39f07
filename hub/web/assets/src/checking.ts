// <form data-checks="address">: a field that one leaves is checked by the hub, and its sentence stands beside it.

import { unfold } from './parts'
import { inquire } from './inquire'

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement

const told = (field: Field, sentence: string): void => {
  const id = `${field.id}-error`
  const old = document.getElementById(id)
  if (sentence && !old) unfold(field)
  field.classList.toggle('is-invalid', sentence !== '')
  if (sentence) field.setAttribute('aria-invalid', 'true')
  else field.removeAttribute('aria-invalid')
  const known = (field.getAttribute('aria-describedby') ?? '').split(' ').filter((one) => one && one !== id)
  field.setAttribute('aria-describedby', [...(sentence ? [id] : []), ...known].join(' '))
  if (!sentence) {
    old?.remove()
    return
  }
  const box = old ?? document.createElement('div')
  box.id = id
  box.className = 'invalid-feedback d-block'
  if (box.textContent !== sentence) box.textContent = sentence
  if (!old) field.after(box)
}

const part = (name: string, errors: Record<string, string>): void => {
  const box = document.getElementById(`f-${name}-error`)
  if (!box) return
  if (errors[name] && !box.textContent) unfold(box)
  box.textContent = errors[name] ?? ''
}

// <details data-part="name"> tells on its head what is set in it.
const summary = (form: HTMLFormElement, name: string, text: string): void => {
  const line = form.querySelector(`[data-part="${name}"] [data-part-told]`)
  if (line && line.textContent !== text) line.textContent = text
}

export const checking = (): void => {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-checks]')) {
    const touched = new Set<string>()
    let asked = 0
    const look = async (): Promise<void> => {
      const mine = (asked += 1)
      try {
        const answer = await inquire(form.dataset['checks'] ?? '', { method: 'POST', headers: { 'X-Quiet': 'yes' }, body: new FormData(form) })
        if (!answer.ok || mine !== asked) return
        const { errors, told: set } = (await answer.json()) as { errors: Record<string, string>; told?: Record<string, string> }
        for (const [name, text] of Object.entries(set ?? {})) summary(form, name, text)
        for (const field of form.querySelectorAll<Field>('[name][id]')) {
          const wrong = field.classList.contains('is-invalid')
          if (wrong || touched.has(field.name)) told(field, errors[field.name] ?? '')
        }
        if ([...touched].some((name) => name.startsWith('survey-'))) part('survey_vars', errors)
        if ([...touched].some((name) => name.startsWith('vault-'))) part('vaults', errors)
      } catch {
        // Saving says it again.
      }
    }
    let changed = false
    form.addEventListener('input', () => (changed = true))
    form.addEventListener('change', () => (changed = true))
    form.addEventListener(
      'toggle',
      (event) => {
        if (!changed || (event.target as HTMLDetailsElement).open) return
        changed = false
        void look()
      },
      true, // it does not rise
    )
    form.addEventListener('focusout', (event) => {
      const field = event.target as Field
      if (!field.name || field.type === 'hidden' || field.type === 'checkbox') return
      const row = field.closest('[data-row]')
      if (row && event.relatedTarget instanceof Node && row.contains(event.relatedTarget)) return
      const first = !touched.has(field.name)
      touched.add(field.name)
      if (!changed && !first) return
      changed = false
      void look()
    })
  }
}
