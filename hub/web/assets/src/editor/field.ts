// One text area with an editor in front of it. It lives in a shadow root, where its styles are sheets of their own:
// the page's Content-Security-Policy allows no style elements. What searches comes once somebody goes into it.
import { deleteLine, history, historyKeymap, indentLess, indentMore, indentWithTab, moveLineDown, moveLineUp, standardKeymap, toggleComment } from '@codemirror/commands'
import { bracketMatching, indentOnInput } from '@codemirror/language'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder, type KeyBinding } from '@codemirror/view'
import { gettext } from '../i18n'
import { checks } from './checks'
import { language } from './languages'
import { looks } from './looks'
import { phrases } from './phrases'

const ROW = 19.5

type Searching = typeof import('./searching')
let asked: Promise<Searching> | undefined
const searching = (): Promise<Searching> => (asked ??= import('./searching'))

// data-editor-by="type:static-yaml=yaml,file=text": the language follows another field of the form.
const kindOf = (area: HTMLTextAreaElement): string => {
  const usual = area.dataset['editor'] || 'text'
  const [name = '', choices = ''] = (area.dataset['editorBy'] ?? '').split(':')
  const field = name ? area.form?.elements.namedItem(name) : null
  const value = field && 'value' in field ? String(field.value) : ''
  const pairs = new Map(choices.split(',').map((pair) => pair.split('=') as [string, string]))
  return pairs.get(value) ?? usual
}

const words = (area: HTMLTextAreaElement): Record<string, string> => {
  const label = area.labels[0]?.textContent.trim() || area.getAttribute('aria-label') || area.name
  const ids = (area.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean)
  const told = ids.map((id) => document.getElementById(id)?.textContent.trim() ?? '').filter(Boolean)
  const help = [...told, gettext('Tab indents; Escape, then Tab leaves the field.')].join(' ')
  const wrong = area.getAttribute('aria-invalid') === 'true'
  return { 'aria-label': label, 'aria-description': help, ...(wrong ? { 'aria-invalid': 'true' } : {}) }
}

const told = (area: HTMLTextAreaElement): ((sentence: string) => void) => {
  const box = document.createElement('div')
  box.className = 'editor-told'
  box.setAttribute('role', 'status')
  const hint = document.createElement('div')
  hint.className = 'form-hint editor-keys'
  hint.textContent = gettext('Tab indents; Escape, then Tab leaves the field.')
  area.after(box, hint)
  return (sentence) => (box.textContent = verdict(area) ? '' : sentence)
}

// Typing over a selection is done here: Chromium would keep the look of what goes in a style attribute, which the page's
// policy forbids.
const typing = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { main } = view.state.selection
    if (event.inputType !== 'insertText' || !event.data || main.empty || event.isComposing) return false
    event.preventDefault()
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true })
    return true
  },
})

// Of the keys of desktop editors those that people look for; each one more is more for every reader to load.
const KEYS: KeyBinding[] = [
  { key: 'Alt-ArrowUp', run: moveLineUp },
  { key: 'Alt-ArrowDown', run: moveLineDown },
  { key: 'Mod-/', run: toggleComment },
  { key: 'Mod-[', run: indentLess },
  { key: 'Mod-]', run: indentMore },
  { key: 'Shift-Mod-k', run: deleteLine },
]

// Once what it needs is there, this key is bound by what searches.
const find = (view: EditorView): boolean => {
  void searching().then((ready) => setTimeout(() => ready.openSearchPanel(view)))
  return true
}

const setup = (area: HTMLTextAreaElement): Extension[] => [
  lineNumbers(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  history(),
  drawSelection(),
  typing,
  indentOnInput(),
  bracketMatching(),
  EditorView.lineWrapping,
  EditorState.readOnly.of(area.readOnly || area.matches(':disabled')),
  EditorView.contentAttributes.of(words(area)),
  EditorView.theme({ '.cm-content, .cm-gutter': { minHeight: `${Math.max(area.rows, 3) * ROW + 14}px` } }),
  keymap.of([{ key: 'Mod-f', run: find }, ...historyKeymap, ...KEYS, ...standardKeymap, indentWithTab]),
  phrases,
  looks,
  ...(area.placeholder ? [placeholder(area.placeholder)] : []),
]

// What the hub said of the text when it was sent stands until the text changes.
const verdict = (area: HTMLTextAreaElement): HTMLElement | null => document.getElementById(`${area.id}-error`)

const follow = (area: HTMLTextAreaElement): Extension =>
  EditorView.updateListener.of((update) => {
    if (!update.docChanged) return
    verdict(area)?.remove()
    area.value = update.state.doc.toString()
    area.dispatchEvent(new Event('input', { bubbles: true }))
  })

const fill = (view: EditorView, area: HTMLTextAreaElement): void => {
  if (view.state.doc.toString() === area.value) return
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: area.value } })
}

export const equip = (area: HTMLTextAreaElement): void => {
  area.dataset['equipped'] = 'yes'
  const focused = document.activeElement === area
  const tell = told(area)
  const host = document.createElement('div')
  host.className = 'editor'
  area.after(host)
  const root = host.attachShadow({ mode: 'open' })
  const tongue = new Compartment()
  const sought = new Compartment()
  let kind = kindOf(area)
  const speak = async (): Promise<void> => {
    const wanted = kind
    const spoken = await language(wanted)
    if (wanted === kind) view.dispatch({ effects: tongue.reconfigure([spoken, checks(area, kind, tell)]) })
  }
  const extensions = [sought.of([]), ...setup(area), follow(area), tongue.of(checks(area, kind, tell))]
  const view = new EditorView({ state: EditorState.create({ doc: area.value, extensions }), parent: root, root })
  area.hidden = true
  void speak()
  for (const label of area.labels) label.addEventListener('click', () => view.focus())
  host.addEventListener(
    'focusin',
    async () => view.dispatch({ effects: sought.reconfigure((await searching()).searching) }),
    { once: true },
  )
  // Single keys of the page are not meant while one types here; those with Ctrl and the like are.
  host.addEventListener('keydown', (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation()
  })
  area.addEventListener('hub:filled', () => fill(view, area))
  area.addEventListener('focus', () => view.focus())
  area.form?.addEventListener('reset', () => setTimeout(() => fill(view, area)))
  area.form?.addEventListener('change', () => {
    view.requestMeasure()
    if (kindOf(area) === kind) return
    kind = kindOf(area)
    tell('')
    void speak()
  })
  if (focused) view.focus()
}
