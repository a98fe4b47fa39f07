// Single keys and short sequences of them. They rest while one types, and where the account switched them off.

const PATIENCE = 1200

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

const sheet = (): void => {
  const dialog = document.getElementById('sheet')
  if (!(dialog instanceof HTMLDialogElement)) return
  if (dialog.open) dialog.close()
  else dialog.showModal()
}

const search = (): void => {
  const field = [...document.querySelectorAll<HTMLInputElement>('main input[type=search]')].find((one) => one.checkVisibility())
  if (field) field.select()
  else document.querySelector<HTMLElement>('[data-palette]')?.click()
  field?.focus()
}

// j and k: the main links of a list's rows, one after the other; Enter then opens as ever.
const move = (step: number): void => {
  const links = [...document.querySelectorAll<HTMLElement>('main .table-hub tbody tr:not([hidden]) a.cell-main, main .found a')]
  const rows = links.map((link) => link.closest('tr, li'))
  const at = rows.findIndex((row) => row?.contains(document.activeElement))
  const to = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)
  links[to]?.focus()
  links[to]?.scrollIntoView({ block: 'nearest' })
}

const OWN: Record<string, () => void> = { '?': sheet, '/': search, j: () => move(1), k: () => move(-1) }

// What a key does in the row of a list that holds the focus, such as selecting it.
const inRow = (key: string): HTMLElement | null =>
  document.activeElement?.closest('tr, li')?.querySelector<HTMLElement>(`[data-row-key="${CSS.escape(key)}"]`) ?? null

const seen = (element: HTMLElement): boolean => !element.closest('[hidden]')

export const keys = (): void => {
  let before = ''
  let timer = 0
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.repeat) return
    if (document.documentElement.dataset['shortcuts'] === 'off' || typing(event.target)) return
    if (document.querySelector('dialog[open]:not(#sheet)') || event.key.length !== 1) return
    if (document.querySelector('#sheet[open]') && event.key !== '?') return
    const typed = before ? `${before} ${event.key}` : event.key
    clearTimeout(timer)
    before = ''
    const own = OWN[typed]
    const element = inRow(typed) ?? [...document.querySelectorAll<HTMLElement>('[data-keys]')].find((one) => one.dataset['keys'] === typed && seen(one))
    if (own || element) {
      event.preventDefault()
      if (own) own()
      else element?.click()
    } else if (document.querySelector(`[data-keys^="${CSS.escape(typed)} "]`)) {
      before = typed
      timer = window.setTimeout(() => (before = ''), PATIENCE)
    }
  })
  document.addEventListener('click', (event) => {
    const element = event.target as Element
    if (element.closest('[data-sheet]')) sheet()
    if (element.closest('[data-close]')) element.closest('dialog')?.close()
    if (element instanceof HTMLDialogElement && element.matches('.palette, .sheet')) element.close()
    if (element.closest('[data-back]')) history.back()
  })
}
