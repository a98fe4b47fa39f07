// Lists of short texts, edited as chips. Without scripts the field stays a text area with one text a line.
import { gettext } from './i18n'

const chip = (text: string, remove: () => void): HTMLElement => {
  const element = document.createElement('span')
  element.className = 'word'
  const label = document.createElement('span')
  label.textContent = text
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'word-remove'
  button.textContent = '×'
  button.setAttribute('aria-label', gettext('Remove %(text)s', { text }))
  button.addEventListener('click', remove)
  element.append(label, button)
  return element
}

const enhance = (area: HTMLTextAreaElement): void => {
  const box = document.createElement('div')
  box.className = 'words form-control'
  const field = document.createElement('input')
  field.type = 'text'
  field.className = 'words-field'
  field.id = area.id
  field.autocomplete = 'off'
  field.placeholder = area.placeholder
  for (const name of ['aria-describedby', 'aria-invalid']) {
    const value = area.getAttribute(name)
    if (value) field.setAttribute(name, value)
  }
  area.removeAttribute('id')
  area.hidden = true
  const words = (): string[] => area.value.split('\n').filter((word) => word !== '')
  const show = (): void => {
    for (const old of box.querySelectorAll('.word')) old.remove()
    words().forEach((word, index) => {
      const remove = () => {
        write(words().filter((_, at) => at !== index))
        field.focus()
      }
      field.before(chip(word, remove))
    })
  }
  const write = (all: string[]): void => {
    area.value = all.join('\n')
    show()
    area.dispatchEvent(new Event('input', { bubbles: true }))
  }
  const take = (): void => {
    const text = field.value.trim()
    field.value = ''
    if (text) write([...words(), text])
  }
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && field.value.trim()) {
      take()
      event.preventDefault()
    } else if (event.key === 'Backspace' && !field.value) {
      write(words().slice(0, -1))
    }
  })
  field.addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text') ?? ''
    if (!text.includes('\n')) return
    event.preventDefault()
    write([...words(), ...text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean)])
  })
  field.addEventListener('blur', take)
  area.form?.addEventListener('submit', take)
  box.addEventListener('click', (event) => {
    if (event.target === box) field.focus()
  })
  box.append(field)
  area.after(box)
  area.addEventListener('change', show)
  show()
}

export const wordFields = (root: ParentNode = document): void => {
  for (const area of root.querySelectorAll<HTMLTextAreaElement>('textarea[data-words]:not([hidden])')) enhance(area)
}
