// Entry: rows that can be added, removed and moved, such as the survey variables of a template.
import { browsing } from './browse'
import { checking } from './checking'
import { moreFields } from './edit'
import { parts } from './parts'
import { previewing } from './preview'

const renumber = (list: HTMLElement): void => {
  ;[...list.children].forEach((row, index) => {
    for (const field of row.querySelectorAll<HTMLElement>('[name], [id], [for], [aria-describedby]')) {
      for (const attribute of ['name', 'id', 'for', 'aria-describedby']) {
        const value = field.getAttribute(attribute)
        if (value) field.setAttribute(attribute, value.replace(/-(?:\d+|__)-/, `-${index}-`))
      }
    }
  })
}

const kinds = (row: HTMLElement): void => {
  const type = row.querySelector<HTMLSelectElement>('[data-row-type]')
  if (!type) return
  for (const part of row.querySelectorAll<HTMLElement>('[data-row-when]')) {
    part.hidden = !(part.dataset['rowWhen'] ?? '').split(' ').includes(type.value || 'string')
  }
}

// A row is dragged by its handle; the buttons beside it do the same by key.
const dragging = (list: HTMLElement): void => {
  let dragged: HTMLElement | null = null
  list.addEventListener('dragstart', (event) => {
    const handle = (event.target as Element).closest('[data-row-handle]')
    dragged = handle?.closest<HTMLElement>('[data-row]') ?? null
    if (!dragged) return
    event.dataTransfer?.setData('text/plain', dragged.querySelector('input')?.value || '…')
    event.dataTransfer?.setDragImage(dragged, 0, 0)
    dragged.dataset['dragged'] = 'yes'
  })
  list.addEventListener('dragover', (event) => {
    const over = (event.target as Element).closest<HTMLElement>('[data-row]')
    if (!dragged || !over) return
    event.preventDefault()
    if (over === dragged) return
    const box = over.getBoundingClientRect()
    if (event.clientY < box.top + box.height / 2) over.before(dragged)
    else over.after(dragged)
  })
  list.addEventListener('drop', (event) => event.preventDefault())
  list.addEventListener('dragend', () => {
    if (!dragged) return
    delete dragged.dataset['dragged']
    dragged = null
    renumber(list)
    list.closest('form')?.dispatchEvent(new Event('input'))
  })
}

for (const list of document.querySelectorAll<HTMLElement>('[data-rows]')) {
  const model = document.getElementById(list.dataset['rows'] ?? '') as HTMLTemplateElement | null
  for (const row of list.children) kinds(row as HTMLElement)
  dragging(list)
  list.addEventListener('change', (event) => {
    const row = (event.target as Element).closest<HTMLElement>('[data-row]')
    if (row) kinds(row)
  })
  list.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-row-do]')
    const row = button?.closest<HTMLElement>('[data-row]')
    if (!button || !row) return
    if (button.dataset['rowDo'] === 'remove') row.remove()
    if (button.dataset['rowDo'] === 'up') row.previousElementSibling?.before(row)
    if (button.dataset['rowDo'] === 'down') row.nextElementSibling?.after(row)
    renumber(list)
    if (button.isConnected) button.focus()
    list.closest('form')?.dispatchEvent(new Event('input'))
  })
  document.querySelector(`[data-row-add="${list.id}"]`)?.addEventListener('click', () => {
    if (!model) return
    list.append(model.content.cloneNode(true))
    renumber(list)
    const row = list.lastElementChild as HTMLElement | null
    if (row) kinds(row)
    moreFields()
    row?.querySelector<HTMLElement>('input, select')?.focus()
  })
}

browsing()
checking()
parts()
previewing()
