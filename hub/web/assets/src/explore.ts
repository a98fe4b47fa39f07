// Entry: in the reference of the API, brings the part in which requests are tried. It is large, so it is fetched when
// somebody asks for it.
document.addEventListener('click', (event) => {
  const button = (event.target as Element).closest<HTMLButtonElement>('[data-explore]')
  if (!button || button.disabled) return
  button.disabled = true
  const style = document.createElement('link')
  style.rel = 'stylesheet'
  style.href = button.dataset['exploreStyle'] ?? ''
  const script = document.createElement('script')
  script.src = button.dataset['explore'] ?? ''
  script.addEventListener('load', () => document.querySelector('[data-read]')?.remove())
  script.addEventListener('error', () => (button.disabled = false))
  if (button.dataset['exploreAt']) location.hash = button.dataset['exploreAt']
  document.head.append(style, script)
})
