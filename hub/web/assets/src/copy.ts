// Buttons that copy a text: <button data-copy="text"> or <button data-copy-from="id">.
import { gettext } from './i18n'
import { say } from './say'

export const copy = async (text: string, told = gettext('Copied.')): Promise<void> => {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // Browsers offer the clipboard to secure pages only; a plain-http hub in a closed network is common.
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'visually-hidden'
    document.body.append(area)
    area.select()
    const copied = document.execCommand('copy')
    area.remove()
    if (!copied) return say(gettext('This browser did not let the page copy. Select the text, and copy it by hand.'), 'danger')
  }
  say(told)
}

const shown = (element: HTMLElement | null): string =>
  element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.value : (element?.textContent ?? '')

export const copying = (): void => {
  document.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-copy], [data-copy-from]')
    if (!button) return
    const from = button.dataset['copyFrom']
    void copy(from ? shown(document.getElementById(from)) : (button.dataset['copy'] ?? ''))
  })
}
