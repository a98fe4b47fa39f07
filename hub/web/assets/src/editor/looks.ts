// Colours of the editor, all from the page's own properties, so that it follows light and dark by itself.
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

const border = '1px solid var(--tblr-border-color)'

const frame = EditorView.theme({
  '&': {
    color: 'var(--tblr-body-color)',
    backgroundColor: 'var(--tblr-bg-forms)',
    border,
    borderRadius: 'var(--tblr-border-radius)',
    fontSize: '0.8125rem',
    maxHeight: '70vh',
  },
  '&.cm-focused': { outline: '2px solid var(--hub-accent)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--tblr-font-monospace)', lineHeight: '1.5', borderRadius: 'inherit' },
  '.cm-content': { caretColor: 'var(--tblr-body-color)', padding: '0.4rem 0' },
  '.cm-cursor': { borderLeftColor: 'var(--tblr-body-color)' },
  '.cm-gutters': {
    color: 'var(--tblr-secondary)',
    backgroundColor: 'var(--tblr-bg-surface-secondary)',
    borderRight: border,
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine': { backgroundColor: 'rgba(var(--hub-accent-rgb), 0.07)' },
  '&.cm-focused .cm-activeLineGutter': { color: 'var(--tblr-body-color)', backgroundColor: 'rgba(var(--hub-accent-rgb), 0.14)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'rgba(var(--hub-accent-rgb), 0.3)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'rgba(var(--hub-accent-rgb), 0.25)' },
  '.cm-searchMatch': { backgroundColor: 'rgba(var(--hub-accent-rgb), 0.25)' },
  '.cm-searchMatch-selected': { outline: '1px solid var(--hub-accent)' },
  '.cm-placeholder': { color: 'var(--tblr-secondary)' },
  '.cm-panels': { color: 'var(--tblr-body-color)', backgroundColor: 'var(--tblr-bg-surface-secondary)' },
  '.cm-panels.cm-panels-top': { borderBottom: border },
  '.cm-panels.cm-panels-bottom': { borderTop: border },
  '.cm-panel.cm-search label': { fontSize: 'inherit' },
  '.cm-textfield, .cm-button': { fontSize: 'inherit' },
  '.cm-textfield': { color: 'inherit', backgroundColor: 'var(--tblr-bg-forms)', border },
  '.cm-button, .cm-panel.cm-search [name=close]': {
    color: 'inherit',
    backgroundColor: 'var(--tblr-bg-surface)',
    backgroundImage: 'none',
    border,
    borderRadius: 'var(--tblr-border-radius)',
  },
  '.cm-tooltip': { color: 'var(--tblr-body-color)', backgroundColor: 'var(--tblr-bg-surface)', border },
  '.cm-fault': { textDecoration: 'underline wavy var(--hub-bad)', textUnderlineOffset: '3px' },
  '.cm-faults': { width: '1.1em', textAlign: 'center', cursor: 'default' },
  '.cm-faults span': { color: 'var(--hub-bad)' },
})

const colours = HighlightStyle.define([
  { tag: [tags.comment], color: 'var(--tblr-secondary)', fontStyle: 'italic' },
  { tag: [tags.keyword, tags.heading, tags.meta], color: 'var(--hub-busy)', fontWeight: '600' },
  { tag: [tags.propertyName, tags.definition(tags.variableName), tags.standard(tags.variableName)], color: 'var(--hub-busy)' },
  { tag: [tags.string], color: 'var(--hub-ok)' },
  { tag: [tags.number, tags.atom, tags.bool], color: 'var(--hub-warn)' },
  { tag: [tags.special(tags.variableName)], color: 'var(--hub-warn)' },
  { tag: [tags.invalid], color: 'var(--hub-bad)' },
])

export const looks = [frame, syntaxHighlighting(colours)]
