// The log alone, as large as the window; Escape brings the rest of the page back. And on a phone, the rarer controls.

// What can neither be seen nor be reached behind it.
const beside = (log: HTMLElement): Element[] => {
  const found: Element[] = []
  for (let part: Element = log; part.parentElement && part !== document.body; part = part.parentElement) {
    found.push(...[...part.parentElement.children].filter((other) => other !== part && !other.hasAttribute('inert')))
  }
  return found
}

export const widening = (log: HTMLElement, button: HTMLElement): void => {
  let behind: Element[] = []
  const widen = (wide: boolean): void => {
    log.classList.toggle('log-wide', wide)
    button.setAttribute('aria-pressed', String(wide))
    for (const one of behind) one.removeAttribute('inert')
    behind = wide ? beside(log) : []
    for (const one of behind) one.setAttribute('inert', '')
  }
  button.addEventListener('click', () => widen(!log.classList.contains('log-wide')))
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !log.classList.contains('log-wide')) return
    if (log.querySelector('details[open]') || document.querySelector('dialog[open]')) return
    widen(false)
    button.focus()
  })
}

// Where there is little room, what is not needed all the time is behind one button.
export const unfolding = (log: HTMLElement, button: HTMLElement): void => {
  button.addEventListener('click', () => {
    button.setAttribute('aria-expanded', String(log.classList.toggle('log-opened')))
  })
}
