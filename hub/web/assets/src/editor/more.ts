// What an editor needs once somebody writes in it: searching, and faults that are marked. Loaded with the first focus.
import { lintKeymap } from '@codemirror/lint'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import type { Extension } from '@codemirror/state'
import { keymap } from '@codemirror/view'
import { checks } from './checks'

export { forceLinting } from '@codemirror/lint'
export { openSearchPanel } from '@codemirror/search'

export const more = (area: HTMLTextAreaElement, kind: string, tell: (sentence: string) => void): Extension => [
  search({ top: true }),
  highlightSelectionMatches(),
  keymap.of([...searchKeymap, ...lintKeymap]),
  checks(area, kind, tell),
]
