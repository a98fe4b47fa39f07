// Brings the text editor to pages that have text areas for it. Its script is large, so it waits until the page itself
// is there; the plain text area works until then, and without it.
let asked = false

const bring = (): void => {
  const address = document.documentElement.dataset['editorScript']
  if (asked || !address || !document.querySelector('textarea[data-editor]')) return
  asked = true
  const script = document.createElement('script')
  script.type = 'module'
  script.src = address
  document.head.append(script)
}

export const editing = (): void => {
  for (const event of ['hub:fields', 'htmx:after:swap']) document.addEventListener(event, bring)
  if (document.readyState === 'complete') bring()
  else addEventListener('load', bring)
}

// Scripts that add fields to a page call this afterwards.
export const moreFields = (): void => {
  document.dispatchEvent(new Event('hub:fields'))
}
