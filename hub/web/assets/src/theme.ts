// Entry: sets the colour mode before the first paint; loaded in the head, before the styles.
;(() => {
  const root = document.documentElement
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const apply = () => {
    const wish = root.dataset['theme'] ?? 'auto'
    root.dataset['bsTheme'] = wish === 'auto' ? (dark.matches ? 'dark' : 'light') : wish
  }
  dark.addEventListener('change', apply)
  root.addEventListener('hub:theme', apply)
  apply()
})()
