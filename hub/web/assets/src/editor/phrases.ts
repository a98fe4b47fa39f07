// What the editor says by itself, in the reader's language.
import { EditorState } from '@codemirror/state'
import { gettext } from '../i18n'

export const phrases = EditorState.phrases.of({
  Find: gettext('Find'),
  Replace: gettext('Replace with'),
  next: gettext('Next'),
  previous: gettext('Previous'),
  all: gettext('All'),
  'match case': gettext('Match case'),
  'by word': gettext('Whole words'),
  regexp: gettext('Pattern'),
  replace: gettext('Replace'),
  'replace all': gettext('Replace all'),
  close: gettext('Close'),
  'current match': gettext('This one'),
  'on line': gettext('on line'),
  'replaced match on line $': gettext('Replaced on line $'),
  'replaced $ matches': gettext('Replaced: $'),
  'Go to line': gettext('Go to line'),
  go: gettext('Go'),
})
