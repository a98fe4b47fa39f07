// Entry: sets the colour mode before the first paint, and tells the hub the browser's time zone for the figures by day;
// loaded in the head, before the styles.
;(() => {
  const root = document.documentElement
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const told = `hub_browser_zone=${zone}`
  if (zone && !document.cookie.split('; ').includes(told)) {
    const secure = location.protocol === 'https:' ? '; Secure' : ''
    document.cookie = `${told}; Path=${root.dataset['cookiePath'] ?? '/'}; Max-Age=31536000; SameSite=Lax${secure}`
  }
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const apply = () => {
    const wish = root.dataset['theme'] ?? 'auto'
    root.dataset['bsTheme'] = wish === 'auto' ? (dark.matches ? 'dark' : 'light') : wish
  }
  dark.addEventListener('change', apply)
  root.addEventListener('hub:theme', apply)
  apply()
})()
