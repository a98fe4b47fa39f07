// Entry: what every page needs.
import htmx from 'htmx.org'
import { asking } from './ask'
import { copying } from './copy'
import { editing } from './edit'
import { forms } from './forms'
import { signInAgain } from './inquire'
import { keepForms } from './kept'
import { keys } from './keys'
import { menus } from './menus'
import { palette } from './palette'
import { away, back, watching } from './presence'
import { remember } from './recent'
import { localise, tick } from './time'
import { wordFields } from './words'

interface Exchange {
  ctx?: { response?: { status: number }; target?: Element }
}

// Parts of a page that refresh themselves: <div data-poll="4" hx-get=… hx-trigger="refresh">, while the page is seen.
const poll = (): void => {
  let seconds = 0
  setInterval(() => {
    seconds += 1
    if (document.hidden) return
    for (const part of document.querySelectorAll<HTMLElement>('[data-poll]')) {
      if (part.querySelector('details[open]')) continue
      if (seconds % Number(part.dataset['poll']) === 0) htmx.trigger(part, 'refresh')
    }
  }, 1000)
  const anew = (): void => {
    if (document.hidden) return
    for (const part of document.querySelectorAll('[data-poll]')) htmx.trigger(part, 'refresh')
  }
  document.addEventListener('visibilitychange', anew)
  document.addEventListener('hub:back', anew)
}

const fragments = (): void => {
  const opened = new Set<string>()
  document.addEventListener('htmx:before:swap', (event) => {
    const target = (event as CustomEvent<Exchange>).detail.ctx?.target
    for (const one of target?.querySelectorAll?.('details[id][open]') ?? []) opened.add(one.id)
    const status = (event as CustomEvent<Exchange>).detail.ctx?.response?.status ?? 200
    if (status === 401) signInAgain()
    if (status >= 400) event.preventDefault()
  })
  document.addEventListener('htmx:after:swap', () => {
    back()
    // What somebody has opened, and the hub draws anew, stays open.
    for (const id of opened) document.getElementById(id)?.setAttribute('open', '')
    opened.clear()
    localise()
    for (const field of document.querySelectorAll('[data-filters]')) field.dispatchEvent(new Event('input', { bubbles: true }))
  })
  document.addEventListener('htmx:error', away)
}

const theme = (): void => {
  document.addEventListener('change', (event) => {
    const field = event.target as HTMLInputElement
    if (field.name !== 'theme' || !field.closest('[data-theme-switch]')) return
    document.documentElement.dataset['theme'] = field.value
    document.documentElement.dispatchEvent(new Event('hub:theme'))
    const form = field.form
    if (form) void fetch(form.action, { method: 'POST', body: new FormData(form), headers: { 'X-Quiet': 'yes' } })
  })
}

// Where the tabs of a page are wider than the screen, the one that is open is seen.
const tabs = (): void => {
  for (const row of document.querySelectorAll<HTMLElement>('.nav-scroll')) {
    const open = row.querySelector<HTMLElement>('.active')
    if (open) row.scrollLeft += open.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - open.clientWidth) / 2
  }
}

const sidebar = (): void => {
  const button = document.querySelector<HTMLElement>('[data-sidebar]')
  const menu = document.getElementById('sidebar-menu')
  button?.addEventListener('click', () => {
    const shown = menu?.classList.toggle('show') ?? false
    button.setAttribute('aria-expanded', String(shown))
  })
}

htmx.config.includeIndicatorCSS = false
document.documentElement.classList.add('scripted')
menus()
watching()
asking()
forms()
editing()
copying()
wordFields()
keepForms()
localise()
setInterval(() => tick(), 1000)
fragments()
poll()
theme()
sidebar()
tabs()
keys()
palette()
remember()
