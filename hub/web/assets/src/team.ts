// Entry: the team: several members at once, and a button beside each role that shows once another one is chosen.
import { Selection } from './selection'

const changes = (form: HTMLFormElement): void => {
  const button = form.querySelector<HTMLButtonElement>('button')
  const draw = (): void => {
    const moved = [...form.querySelectorAll('option')].some((one) => one.selected !== one.defaultSelected)
    if (button) button.hidden = !moved
  }
  form.addEventListener('change', draw)
  addEventListener('pageshow', draw)
  draw()
}

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-changes]')) changes(form)
const bulk = document.querySelector<HTMLFormElement>('form[data-bulk]')
if (bulk) new Selection(bulk)
