// Templates that are dragged onto the tab of a view, and are in that view from then on. Whoever does not drag selects
// them, by mouse or key, and moves them with the bar below the list.
import { gettext } from './i18n'
import { inquire } from './inquire'
import { say } from './say'

interface Told {
  told?: string
  error?: string
  left?: { name: string; sentence: string }[]
}

// What is sent: one template, or all that are selected – those of other pages, too – where it is one of them.
interface Load {
  text: string
  body: FormData
}

const loaded = (bulk: HTMLFormElement, id: string): Load => {
  const body = new FormData(bulk)
  if (body.get('all') === 'true' || body.getAll('ids').includes(id)) {
    return { text: bulk.querySelector('[data-bulk-count]')?.textContent ?? '', body }
  }
  body.set('ids', id)
  return { text: document.querySelector(`#template-${id} .cell-main`)?.textContent ?? '', body }
}

// What is seen under the pointer.
const picture = (text: string): HTMLElement => {
  const box = document.createElement('div')
  box.className = 'drag-picture'
  box.textContent = text
  document.body.append(box)
  return box
}

const send = async (bulk: HTMLFormElement, body: FormData, view: string): Promise<void> => {
  body.set('do', 'move')
  body.set('to_view', view)
  try {
    const answer = await inquire(bulk.action, { method: 'POST', headers: { 'X-Quiet': 'yes' }, body })
    const { told, error, left = [] } = (await answer.json().catch(() => ({}))) as Told
    if (!answer.ok) say(error ?? gettext('That did not work. Reload the page and try again.'), 'danger')
    else {
      say(told ?? '')
      for (const one of left) say(`${one.name}: ${one.sentence}`, 'danger')
    }
  } catch {
    say(gettext('The hub does not answer. Check your connection and try again.'), 'danger')
  }
  document.getElementById('template-list')?.dispatchEvent(new Event('refresh'))
}

export const moves = (bulk: HTMLFormElement): void => {
  let load: Load | null = null
  let shown: HTMLElement | null = null
  const aim = (event: DragEvent): HTMLElement | null => {
    const tab = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-takes]') : null
    return load ? tab : null
  }
  const over = (tab: HTMLElement | null): void => {
    for (const one of document.querySelectorAll('.drop-here')) if (one !== tab) one.classList.remove('drop-here')
    tab?.classList.add('drop-here')
  }
  document.addEventListener('dragstart', (event) => {
    const grip = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-moves]') : null
    if (!grip) return
    load = loaded(bulk, grip.dataset['moves'] ?? '')
    shown = picture(load.text)
    event.dataTransfer?.setData('text/plain', load.text)
    event.dataTransfer?.setDragImage(shown, 12, 12)
    document.body.classList.add('moving-rows')
  })
  document.addEventListener('dragover', (event) => {
    const tab = aim(event)
    over(tab)
    if (tab) event.preventDefault()
  })
  document.addEventListener('drop', (event) => {
    const tab = aim(event)
    if (!tab || !load) return
    event.preventDefault()
    void send(bulk, load.body, tab.dataset['takes'] ?? '')
  })
  document.addEventListener('dragend', () => {
    load = null
    over(null)
    shown?.remove()
    document.body.classList.remove('moving-rows')
  })
}
