// Entry: forms with a time zone offer the reader's own, and the calendar is shown in it.
const own = document.documentElement.dataset['zone'] || Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

for (const field of document.querySelectorAll<HTMLInputElement>('form[method=post] input[name=time_zone]')) {
  if (field.value === '') {
    field.value = own
    addEventListener('load', () => field.dispatchEvent(new Event('change', { bubbles: true })))
  }
}

// Moments are told in the zone of the form; who lives in another one reads them in that, too.
for (const form of document.querySelectorAll<HTMLFormElement>('form[method=post]')) {
  const field = form.querySelector<HTMLInputElement>('input[name=time_zone]')
  const compare = (): void => void form.classList.toggle('own-zone', field?.value === own)
  field?.addEventListener('change', compare)
  if (field) compare()
}

const calendar = document.querySelector<HTMLFormElement>('form[data-own-zone]')
const shown = calendar?.querySelector<HTMLInputElement>('input[name=time_zone]')
if (calendar && shown && shown.value !== own) {
  const address = new URL(location.href)
  address.searchParams.set('time_zone', own)
  location.replace(address)
}
