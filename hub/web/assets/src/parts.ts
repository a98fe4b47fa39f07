// Sections of a long form that fold: one button for all of them, and those that hold what is wanted open.

export const unfold = (element: Element): void => {
  for (let part = element.closest('details'); part; part = part.parentElement?.closest('details') ?? null) part.open = true
}

export const parts = (): void => {
  const button = document.querySelector<HTMLButtonElement>('[data-parts-all]')
  const all = [...document.querySelectorAll<HTMLDetailsElement>('details[data-part]')]
  if (!button || all.length === 0) return
  const draw = (): void => {
    button.textContent = (all.every((part) => part.open) ? button.dataset['close'] : button.dataset['open']) ?? ''
  }
  button.addEventListener('click', () => {
    const open = !all.every((part) => part.open)
    for (const part of all) part.open = open
  })
  for (const part of all) part.addEventListener('toggle', draw)
  button.hidden = false
  draw()
}
