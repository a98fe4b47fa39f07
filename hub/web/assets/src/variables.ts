// Entry: variables as a table beside their text. The text area stays what is sent; the table writes into it.
import { gettext } from './i18n'
import { say } from './say'
import { type Form, type Row, dotenv, json, lines } from './variables/forms'

const element = <K extends keyof HTMLElementTagNameMap>(tag: K, css: string, text = ''): HTMLElementTagNameMap[K] => {
  const made = document.createElement(tag)
  made.className = css
  made.textContent = text
  return made
}

const button = (css: string, text: string): HTMLButtonElement => {
  const made = element('button', css, text)
  made.type = 'button'
  return made
}

class Table {
  readonly box = element('div', 'variables-table')
  private readonly list = element('div', 'variables-rows')

  constructor(
    private readonly area: HTMLTextAreaElement,
    private readonly form: Form,
  ) {
    const add = button('btn', gettext('Add a variable'))
    add.addEventListener('click', () => this.add({ name: '', value: '', json: false }).querySelector('input')?.focus())
    this.box.append(this.list, add, element('div', 'form-hint', gettext('Paste lines NAME=value into a name to fill in many at once.')))
    this.list.addEventListener('input', () => this.write())
  }

  get(): Row[] {
    return [...this.list.children].map((row) => ({
      name: row.querySelector('input')?.value.trim() ?? '',
      value: row.querySelector('textarea')?.value ?? '',
      json: row.querySelector('select')?.value === 'json',
    }))
  }

  set(rows: Row[]): void {
    this.list.replaceChildren()
    for (const row of rows) this.add(row)
    if (!rows.length) this.add({ name: '', value: '', json: false })
    this.check()
  }

  // Put faults beside their rows; true when there is none.
  check(): boolean {
    const rows = this.get()
    const names = rows.map((row) => row.name)
    rows.forEach((row, at) => {
      const box = this.list.children[at]
      if (!box) return
      let text = ''
      if (!row.name && row.value) text = gettext('Write a name.')
      else if (row.name && names.indexOf(row.name) !== names.lastIndexOf(row.name)) text = gettext('This name is there twice.')
      else if (row.name) text = this.form.fault(row)
      const told = box.querySelector('.invalid-feedback')
      if (told) told.textContent = text
      box.querySelector('input')?.classList.toggle('is-invalid', Boolean(text))
      box.querySelector('input')?.toggleAttribute('aria-invalid', Boolean(text))
    })
    return !this.list.querySelector('.is-invalid')
  }

  write(): void {
    if (!this.check()) return
    this.area.value = this.form.text(this.get().filter((row) => row.name))
    this.area.dispatchEvent(new Event('hub:filled'))
    this.area.dispatchEvent(new Event('input', { bubbles: true }))
  }

  private add(row: Row): HTMLElement {
    const box = element('div', 'variables-row')
    const name = element('input', 'form-control code-area')
    name.value = row.name
    name.spellcheck = false
    name.placeholder = gettext('Name')
    name.setAttribute('aria-label', gettext('Name'))
    const value = element('textarea', 'form-control code-area')
    value.value = row.value
    value.rows = Math.min(row.value.split('\n').length, 8)
    value.spellcheck = false
    value.placeholder = gettext('Value')
    value.setAttribute('aria-label', gettext('Value'))
    const remove = button('btn btn-icon btn-ghost-danger', '×')
    remove.setAttribute('aria-label', gettext('Remove'))
    remove.addEventListener('click', () => {
      box.remove()
      this.write()
    })
    const told = element('div', 'invalid-feedback d-block')
    told.setAttribute('role', 'alert')
    box.append(name, value, ...(this.form.kinds ? [this.kind(row)] : []), remove, told)
    name.addEventListener('paste', (event) => this.paste(event, box))
    this.list.append(box)
    return box
  }

  private kind(row: Row): HTMLSelectElement {
    const select = element('select', 'form-select')
    select.setAttribute('aria-label', gettext('Kind of value'))
    select.append(new Option(gettext('Text'), 'text'), new Option('JSON', 'json', row.json, row.json))
    return select
  }

  // Many lines at once: those with known names replace, the others follow.
  private paste(event: ClipboardEvent, box: HTMLElement): void {
    const pasted = dotenv(event.clipboardData?.getData('text/plain') ?? '')
    if (!pasted.length) return
    event.preventDefault()
    if (!box.querySelector('input')?.value && !box.querySelector('textarea')?.value) box.remove()
    const rows = this.get()
    for (const row of pasted) {
      const known = rows.find((one) => one.name === row.name)
      if (known) Object.assign(known, row)
      else rows.push(row)
    }
    this.set(rows)
    this.write()
    say(gettext('Pasted.'))
  }
}

const equip = (area: HTMLTextAreaElement, form: Form): void => {
  const table = new Table(area, form)
  const text = element('div', 'variables-text')
  const switches = element('div', 'btn-group mb-2')
  switches.setAttribute('role', 'group')
  area.before(switches, table.box, text)
  const ways = [button('btn btn-sm', gettext('Table')), button('btn btn-sm', form.title)]
  switches.append(...ways)
  text.append(area, ...(area.parentElement?.querySelectorAll(':scope > .editor, :scope > .editor-told, :scope > .editor-keys') ?? []))
  let tabular = false
  const show = (wanted: boolean): void => {
    const rows = wanted ? form.rows(area.value) : []
    if (rows === null) return say(gettext('The text cannot be shown as a table: mend it first.'), 'danger')
    if (!wanted && tabular && !table.check()) return say(gettext('Mend the marked rows first.'), 'danger')
    if (wanted) table.set(rows)
    tabular = wanted
    table.box.hidden = !wanted
    text.hidden = wanted
    ways.forEach((way, at) => {
      way.classList.toggle('active', (at === 0) === wanted)
      way.setAttribute('aria-pressed', String((at === 0) === wanted))
    })
    if (!wanted) area.dispatchEvent(new Event('hub:filled'))
  }
  // Somebody else filled the text in.
  area.addEventListener('change', () => show(tabular && form.rows(area.value) !== null))
  ways[0]?.addEventListener('click', () => show(true))
  ways[1]?.addEventListener('click', () => show(false))
  area.form?.addEventListener(
    'submit',
    (event) => {
      if (!tabular || table.check()) return
      event.preventDefault()
      event.stopImmediatePropagation()
      table.box.querySelector<HTMLElement>('.is-invalid')?.focus()
    },
    { capture: true },
  )
  const fits = form.rows(area.value) !== null && area.getAttribute('aria-invalid') !== 'true'
  table.box.hidden = true
  show(fits)
}

const variables = document.querySelector<HTMLTextAreaElement>('textarea#f-json')
const process = document.querySelector<HTMLTextAreaElement>('textarea#f-env')
if (variables) equip(variables, json)
if (process) equip(process, lines)
