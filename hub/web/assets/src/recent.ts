// What this person opened last in this browser: kept here alone, and forgotten when they sign out.

export interface Place {
  title: string
  note: string
  address: string
}

const MOST = 8
const KEEPS = /\/project\/\d+\/(templates|tasks|inventory|repositories|keys|environment|schedule)\/\d+(\/tasks)?$/

const key = (): string => `hub.recent.${document.documentElement.dataset['reader'] ?? ''}`

export const recent = (): Place[] => {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key()) ?? '[]')
    return Array.isArray(kept) ? (kept as Place[]).filter((one) => one.address.startsWith(location.origin)) : []
  } catch {
    return []
  }
}

const keep = (places: Place[]): void => {
  try {
    localStorage.setItem(key(), JSON.stringify(places))
  } catch {
    // A browser that keeps nothing still finds by name.
  }
}

export const remember = (): void => {
  const found = KEEPS.exec(location.pathname)
  const heading = document.querySelector('h1')?.firstChild?.textContent?.trim()
  if (found && heading) {
    const template = document.querySelector('.crumbs li:last-child')?.textContent.trim()
    const project = document.title.split(' · ').at(-1) ?? ''
    const address = location.origin + location.pathname
    const note = [found[1] === 'tasks' ? template : '', project].filter(Boolean).join(' · ')
    keep([{ title: heading, note, address }, ...recent().filter((one) => one.address !== address)].slice(0, MOST))
  }
  document.addEventListener('submit', (event) => {
    if (!(event.target as HTMLFormElement).action.endsWith('/auth/logout')) return
    try {
      localStorage.removeItem(key())
    } catch {
      // Nothing was kept.
    }
  })
}
