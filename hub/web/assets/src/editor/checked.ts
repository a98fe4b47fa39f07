// Which languages have faults marked, and the room beside the lines for the marks before their script is there.
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'

export const isChecked = (kind: string): boolean => ['yaml', 'json', 'ini'].includes(kind)

const kept = EditorView.theme({ '.cm-gutters': { paddingInlineEnd: '1.4em' } })

export const room = (kind: string): Extension => (isChecked(kind) && document.documentElement.dataset['check'] ? kept : [])
