// Colours that go on over the end of a line, as the hub follows them, too: the last code of each kind.
const CODES = /\x1b\[([\d;:]*)m/g

const SLOTS: Record<string, string> = {
  1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 5: 'blink', 6: 'blink', 7: 'reverse', 8: 'hidden', 9: 'strike', 21: 'underline', 53: 'overline',
}
const ENDS: Record<string, string[]> = {
  22: ['bold', 'dim'], 23: ['italic'], 24: ['underline'], 25: ['blink'], 27: ['reverse'], 28: ['hidden'], 29: ['strike'], 39: ['text'], 49: ['ground'], 55: ['overline'],
}

const colour = (kind: number): string | undefined => {
  if ((kind >= 30 && kind <= 38) || (kind >= 90 && kind <= 97)) return 'text'
  return (kind >= 40 && kind <= 48) || (kind >= 100 && kind <= 107) ? 'ground' : undefined
}

const choose = (style: Map<string, string>, codes: string): void => {
  const listed = codes.split(';')
  while (listed.length) {
    let code = listed.shift() as string
    const kind = (code.split(':')[0] ?? '').replace(/^0+/, '')
    if ((kind === '38' || kind === '48') && !code.includes(':')) {
      code = [code, ...listed.splice(0, listed[0] === '5' ? 2 : listed[0] === '2' ? 4 : 0)].join(';')
    }
    const slot = SLOTS[kind] ?? colour(Number(kind))
    if (!kind) style.clear()
    else if (ENDS[kind]) for (const ended of ENDS[kind]) style.delete(ended)
    else if (slot) style.set(slot, code)
  }
}

// What is on after a line, by what was on before it.
export const after = (style: string, raw: string): string => {
  if (!raw.includes('\x1b[')) return style
  const found = new Map<string, string>()
  for (const [, codes = ''] of `${style}${raw}`.matchAll(CODES)) choose(found, codes)
  return found.size ? `\x1b[${[...found.values()].join(';')}m` : ''
}
