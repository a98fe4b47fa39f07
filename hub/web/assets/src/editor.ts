// Entry (module): the text editor of <textarea data-editor="yaml|json|ini|shell|python|hcl|text">, loaded where there is one.
// The text area stays in its form and carries the value; what is typed goes into it letter by letter.
import { equip } from './editor/field'

const WANTED = 'textarea[data-editor]:not([data-equipped])'

const all = (): void => {
  for (const area of document.querySelectorAll<HTMLTextAreaElement>(WANTED)) equip(area)
}

for (const event of ['hub:fields', 'htmx:after:swap']) document.addEventListener(event, all)
all()
