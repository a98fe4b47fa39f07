// Short messages in a live region at the corner of the page. What went wrong stays until it is closed.
import { gettext } from './i18n'

const MOST = 4

// Takes a message away that is not true any more.
export const unsay = (text: string): void => {
  for (const old of [...(document.getElementById('says')?.children ?? [])]) if (old.firstElementChild?.textContent === text) old.remove()
}

export const say = (text: string, kind: 'info' | 'danger' = 'info'): void => {
  const region = document.getElementById('says')
  if (!region) return
  unsay(text)
  while (region.children.length >= MOST) region.firstElementChild?.remove()
  const box = document.createElement('div')
  box.className = `say say-${kind}`
  const words = document.createElement('span')
  words.textContent = text
  box.append(words)
  region.append(box)
  if (kind === 'info') {
    setTimeout(() => box.remove(), 4_000)
    return
  }
  box.setAttribute('role', 'alert')
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'btn btn-sm btn-icon say-close'
  button.textContent = '×'
  button.setAttribute('aria-label', gettext('Close'))
  button.addEventListener('click', () => box.remove())
  box.append(button)
}
