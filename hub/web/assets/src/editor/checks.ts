// Faults of a text, marked while one types. The hub itself is asked, so that it says now what it would say on saving.
import { linter, lintGutter, type Diagnostic } from '@codemirror/lint'
import type { Extension, Text } from '@codemirror/state'
import { gettext } from '../i18n'
import { isChecked } from './checked'

interface Fault {
  line: number
  column: number
  text: string
}

const PATIENCE = 400

const mark = (document: Text, fault: Fault): Diagnostic => {
  const line = document.line(Math.min(Math.max(fault.line, 1), document.lines))
  const from = Math.min(line.from + Math.max(fault.column - 1, 0), line.to)
  const to = from === line.to ? line.to : Math.max(from + 1, line.from + line.text.trimEnd().length)
  return { from: from === to ? line.from : from, to, severity: 'error', message: fault.text }
}

export const checks = (area: HTMLTextAreaElement, kind: string, tell: (sentence: string) => void): Extension => {
  const address = document.documentElement.dataset['check']
  const token = area.form?.querySelector<HTMLInputElement>('[name=csrf]')?.value ?? ''
  if (!address || !isChecked(kind)) return []
  let asked = 0
  const look = async (text: Text): Promise<Diagnostic[]> => {
    const mine = (asked += 1)
    if (!text.length) {
      tell('')
      return []
    }
    try {
      const body = new FormData()
      body.set('csrf', token)
      body.set('kind', kind)
      body.set('text', text.toString())
      const answer = await fetch(address, { method: 'POST', headers: { 'X-Quiet': 'yes' }, body })
      if (!answer.ok) return []
      const faults = ((await answer.json()) as { faults: Fault[] }).faults
      const first = faults[0]
      if (mine === asked) tell(first ? gettext('Line %(n)s: %(text)s', { n: first.line, text: first.text }) : '')
      return faults.map((fault) => mark(text, fault))
    } catch {
      return []
    }
  }
  return [linter((view) => look(view.state.doc), { delay: PATIENCE }), lintGutter()]
}
