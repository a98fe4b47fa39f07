// Faults of a text, marked while one types. The hub itself is asked, so that it says now what it would say on saving.
import { RangeSet, StateEffect, StateField, type Extension, type Text } from '@codemirror/state'
import { Decoration, EditorView, GutterMarker, ViewPlugin, gutter, type DecorationSet, type ViewUpdate } from '@codemirror/view'
import { gettext } from '../i18n'
import { inquire } from '../inquire'

interface Fault {
  line: number
  column: number
  text: string
}

const CHECKED = ['yaml', 'json', 'ini']
const PATIENCE = 400

class Sign extends GutterMarker {
  constructor(private readonly text: string) {
    super()
  }
  override eq(other: Sign): boolean {
    return this.text === other.text
  }
  override toDOM(): Node {
    const dot = document.createElement('span')
    dot.textContent = '●'
    dot.title = this.text
    return dot
  }
}

interface Marks {
  under: DecorationSet
  beside: RangeSet<Sign>
}

const NONE: Marks = { under: Decoration.none, beside: RangeSet.empty }
const found = StateEffect.define<Fault[]>()

const marked = (document: Text, faults: Fault[]): Marks => {
  const placed = faults.map((fault) => {
    const line = document.line(Math.min(Math.max(fault.line, 1), document.lines))
    const last = line.from + line.text.trimEnd().length
    const from = Math.min(line.from + Math.max(fault.column - 1, 0), Math.max(last - 1, line.from))
    return { from, to: Math.max(last, Math.min(from + 1, line.to)), start: line.from, text: fault.text }
  })
  const under = placed.filter((one) => one.to > one.from)
  return {
    under: Decoration.set(
      under.map((one) => Decoration.mark({ class: 'cm-fault', attributes: { title: one.text } }).range(one.from, one.to)),
      true,
    ),
    beside: RangeSet.of(placed.map((one) => new Sign(one.text).range(one.start)), true),
  }
}

const kept = StateField.define<Marks>({
  create: () => NONE,
  update(marks, change) {
    for (const effect of change.effects) if (effect.is(found)) return marked(change.state.doc, effect.value)
    if (!change.docChanged) return marks
    return { under: marks.under.map(change.changes), beside: marks.beside.map(change.changes) }
  },
  provide: (field) => EditorView.decorations.from(field, (marks) => marks.under),
})

const signs = gutter({
  class: 'cm-faults',
  markers: (view) => view.state.field(kept).beside,
  initialSpacer: () => new Sign(''),
})

const ask = async (address: string, token: string, kind: string, text: string): Promise<Fault[] | null> => {
  const body = new FormData()
  body.set('csrf', token)
  body.set('kind', kind)
  body.set('text', text)
  try {
    const answer = await inquire(address, { method: 'POST', headers: { 'X-Quiet': 'yes' }, body })
    return answer.ok ? ((await answer.json()) as { faults: Fault[] }).faults : null
  } catch {
    return null
  }
}

export const checks = (area: HTMLTextAreaElement, kind: string, tell: (sentence: string) => void): Extension => {
  const address = document.documentElement.dataset['check']
  const token = area.form?.querySelector<HTMLInputElement>('[name=csrf]')?.value ?? ''
  if (!address || !CHECKED.includes(kind)) return []
  const look = async (view: EditorView): Promise<void> => {
    const text = view.state.doc
    const faults = text.length ? await ask(address, token, kind, text.toString()) : []
    // What was asked about another text, or in another language, says nothing of this one.
    if (!faults || view.state.doc !== text || !view.plugin(asking)) return
    const first = faults[0]
    tell(first ? gettext('Line %(n)s: %(text)s', { n: first.line, text: first.text }) : '')
    view.dispatch({ effects: found.of(faults) })
  }
  const asking = ViewPlugin.fromClass(
    class {
      private waits: ReturnType<typeof setTimeout>
      constructor(view: EditorView) {
        this.waits = setTimeout(() => void look(view), PATIENCE)
      }
      update(change: ViewUpdate): void {
        if (!change.docChanged) return
        clearTimeout(this.waits)
        this.waits = setTimeout(() => void look(change.view), PATIENCE)
      }
      destroy(): void {
        clearTimeout(this.waits)
      }
    },
  )
  return [kept.init(() => NONE), asking, signs]
}
