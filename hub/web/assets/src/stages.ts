// The stages beside the log: fetched when another one has begun, and their shares of the time while they run.
let asked = -1

// The hub told how many have begun.
export const staged = (count: number | undefined): void => {
  const part = document.getElementById('task-stages')
  if (!part || count === undefined || count === asked || count === part.querySelectorAll('[data-log-stage]').length) return
  asked = count
  part.dispatchEvent(new Event('changed'))
}

const share = (): void => {
  const running = document.querySelector<HTMLElement>('#task-stages .is-running')
  const since = running?.querySelector<HTMLElement>('[data-since]')?.dataset['since']
  const meters = [...document.querySelectorAll<HTMLMeterElement>('#task-stages meter')]
  const own = running?.querySelector('meter')
  if (!own || !since) return
  const seconds = Math.max(0, (Date.now() - Date.parse(since)) / 1000)
  const others = meters.reduce((sum, one) => (one === own ? sum : sum + one.value), 0)
  for (const one of meters) one.max = Math.max(others + seconds, 0.001)
  own.value = seconds
}

export const sharing = (): void => {
  share()
  setInterval(share, 1000)
  document.addEventListener('htmx:after:swap', share)
}
