// Translated strings of scripts: the page carries those of the reader's language; English is the key itself.

type Message = string | string[]

const read = (): Record<string, Message> => {
  const element = document.getElementById('messages')
  if (!element?.textContent) return {}
  return JSON.parse(element.textContent) as Record<string, Message>
}

const messages = read()
const language = document.documentElement.lang || 'en'
const rules = new Intl.PluralRules(language)
// The order in which gettext counts plural forms of the languages that we have.
const order: Intl.LDMLPluralRule[] = language.startsWith('ru') ? ['one', 'few', 'many'] : ['one', 'other']

const fill = (text: string, values: Record<string, string | number>): string =>
  text.replace(/%\((\w+)\)s/g, (whole, name: string) => (name in values ? String(values[name]) : whole))

export const gettext = (id: string, values: Record<string, string | number> = {}): string => {
  const found = messages[id]
  return fill(typeof found === 'string' ? found : id, values)
}

export const ngettext = (
  one: string,
  many: string,
  n: number,
  values: Record<string, string | number> = {},
): string => {
  const forms = messages[one]
  const all = { n, ...values }
  if (!Array.isArray(forms)) return fill(n === 1 ? one : many, all)
  const index = Math.max(order.indexOf(rules.select(n)), 0)
  return fill(forms[index] ?? forms[forms.length - 1] ?? many, all)
}
