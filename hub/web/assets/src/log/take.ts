// Copies a log as text: the lines that are linked to, else all that are shown, up to what a clipboard takes well.
import { copy } from '../copy'
import { gettext, ngettext } from '../i18n'
import { plain } from './ansi'
import type { Reader } from './source'

const MOST = 50_000
const PAGE = 1000

export const takeLines = async (reader: Reader, range: [number, number] | null, total: number): Promise<void> => {
  const taken: string[] = []
  const end = range ? Math.min(total, range[1] + 1) : total
  let first = range ? range[0] : 0
  while (first < end && taken.length < MOST) {
    const slice = await reader.from(first, reader.whole ? Math.min(5 * PAGE, end - first) : PAGE)
    taken.push(...slice.lines.filter((line) => line.n < end).map((line) => plain(line.s)))
    if (slice.next <= first) break
    first = slice.next
  }
  const rest = taken.length > MOST || first < end
  const text = taken.slice(0, MOST)
  const count = text.length.toLocaleString(document.documentElement.lang)
  await copy(
    text.join('\n'),
    rest
      ? gettext('The first %(count)s lines were copied. Download the log for all of it.', { count })
      : ngettext('%(count)s line was copied.', '%(count)s lines were copied.', text.length, { count }),
  )
}
