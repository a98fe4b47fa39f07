// Short messages in a live region at the corner of the page.

export const say = (text: string, kind: 'info' | 'danger' = 'info'): void => {
  const region = document.getElementById('says')
  if (!region) return
  const box = document.createElement('div')
  box.className = `say say-${kind}`
  box.textContent = text
  region.append(box)
  setTimeout(() => box.remove(), kind === 'danger' ? 12_000 : 4_000)
}
