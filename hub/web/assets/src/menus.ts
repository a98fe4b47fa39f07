// Menus made of <details>: one open at a time, closed by Escape or a click elsewhere, moved through with arrows.

const open = (): HTMLDetailsElement[] => [...document.querySelectorAll<HTMLDetailsElement>('details.dropdown[open]')]

const items = (menu: HTMLDetailsElement): HTMLElement[] => [
  ...menu.querySelectorAll<HTMLElement>('.dropdown-menu :is(a, button, input):not([disabled])'),
]

export const menus = (): void => {
  document.addEventListener('click', (event) => {
    // A download leaves the page as it is, so its menu has done its work.
    const done = (event.target as Element).closest('a[download]')
    for (const menu of open()) if (done || !menu.contains(event.target as Node)) menu.open = false
  })
  document.addEventListener('keydown', (event) => {
    const menu = (event.target as Element | null)?.closest<HTMLDetailsElement>('details.dropdown[open]')
    if (event.key === 'Escape') {
      for (const other of open()) {
        other.open = false
        if (other === menu) other.querySelector('summary')?.focus()
      }
    }
    if (!menu || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return
    const all = items(menu)
    const at = all.indexOf(document.activeElement as HTMLElement)
    const step = event.key === 'ArrowDown' ? 1 : -1
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length
    all[next]?.focus()
    event.preventDefault()
  })
  document.addEventListener(
    'toggle',
    (event) => {
      const menu = event.target as HTMLDetailsElement
      if (!menu.matches?.('details.dropdown[open]')) return
      for (const other of open()) if (other !== menu && !other.contains(menu)) other.open = false
      menu.querySelector<HTMLInputElement>('input[type=search]')?.focus()
    },
    true,
  )
  document.addEventListener('input', (event) => {
    const field = event.target as HTMLInputElement
    const list = field.dataset['filters'] ? document.getElementById(field.dataset['filters']) : null
    if (!list) return
    const wanted = field.value.trim().toLocaleLowerCase()
    for (const entry of list.children) {
      ;(entry as HTMLElement).hidden = !((entry as HTMLElement).dataset['find'] ?? entry.textContent).toLocaleLowerCase().includes(wanted)
    }
  })
}
