// Entry: the page of one task: its log, its status while it runs, and the buttons that fit the status.
import { finding } from './log/find'
import { Viewer } from './log/viewer'
import type { State } from './log/source'
import { staged, sharing } from './stages'
import { localise, tick } from './time'

interface StatusLook {
  label: string
  color: string
  icon: string
}

const root = document.getElementById('log')
const looks = JSON.parse(document.getElementById('statuses')?.textContent ?? '{}') as Record<string, StatusLook>
const icons = document.documentElement.dataset['icons'] ?? ''

const badge = (status: string): void => {
  const look = looks[status]
  for (const element of document.querySelectorAll<HTMLElement>('[data-task-status]')) {
    if (!look || element.dataset['taskStatus'] === status) continue
    element.dataset['taskStatus'] = status
    element.className = `status-badge status-is-${look.color}`
    element.querySelector('use')?.setAttribute('href', `${icons}#${look.icon}`)
    const label = element.querySelector('.status-label')
    if (label) label.textContent = look.label
  }
}

const put = (id: string, text: string | undefined): void => {
  const element = document.getElementById(id)
  if (!element) return
  element.hidden = !text
  const place = element.querySelector('[data-text]') ?? element
  place.textContent = text ?? ''
}

const FINISHED = ['success', 'error', 'stopped', 'rejected', 'not_executed']

const show = (state: State): void => {
  badge(state.status)
  for (const part of document.querySelectorAll<HTMLElement>('[data-in-status]')) {
    part.hidden = !(part.dataset['inStatus'] ?? '').split(' ').includes(state.status)
  }
  put('task-reason', state.reason)
  put('task-place', state.queue_position ? String(state.queue_position) : '')
  document.getElementById('task-reason')?.classList.toggle('notice-danger', state.status === 'error')
  put('task-question', state.status === 'waiting_confirmation' ? state.question : '')
  const length = document.getElementById('task-duration')
  if (length) {
    if (state.start) length.dataset['since'] = state.start
    if (state.end) length.dataset['until'] = state.end
    length.hidden = !state.start
    length.parentElement?.toggleAttribute('hidden', !state.start)
  }
  for (const [id, value] of [['task-start', state.start], ['task-end', state.end]] as const) {
    const element = document.getElementById(id)
    if (!(element instanceof HTMLTimeElement) || !value) continue
    element.dateTime = value
    element.closest('[hidden]')?.removeAttribute('hidden')
  }
  if (FINISHED.includes(state.status)) document.title = document.title.replace(/^[^·]*·/, `${looks[state.status]?.label ?? ''} ·`)
  localise()
  tick()
}

// The plan: fewer resources at a glance. The part is drawn anew when the status changes, so listen from above.
const filterPlan = (): void => {
  const part = document.getElementById('task-plan')
  const text = (part?.querySelector<HTMLInputElement>('#plan-text')?.value ?? '').trim().toLowerCase()
  const kind = part?.querySelector<HTMLSelectElement>('#plan-kind')?.value ?? ''
  for (const item of part?.querySelectorAll<HTMLElement>('[data-plan-name]') ?? []) {
    const fits = (item.dataset['planName'] ?? '').includes(text) && (!kind || item.dataset['planKind'] === kind)
    item.hidden = !fits
  }
}
document.addEventListener('input', (event) => {
  const field = event.target as HTMLElement
  if (field.dataset['planFilter'] !== undefined) filterPlan()
  if (field.id === 'task-why') {
    for (const copy of document.querySelectorAll<HTMLInputElement>('[data-copies=task-why]')) copy.value = (field as HTMLInputElement).value
  }
})

if (root) {
  const viewer = new Viewer(root, (state) => {
    const before = document.querySelector<HTMLElement>('[data-task-status]')?.dataset['taskStatus']
    show(state)
    staged(state.stages)
    if (before !== state.status) {
      for (const part of ['task-plan', 'task-left']) document.getElementById(part)?.dispatchEvent(new Event('changed'))
    }
    if (before !== state.status) document.getElementById('task-hosts')?.dispatchEvent(new Event('refresh'))
    // Panels, results and the commit are drawn by the server; fetch them once the task is over.
    if (before !== state.status && [...FINISHED, 'waiting_confirmation'].includes(state.status)) {
      document.getElementById('task-side')?.dispatchEvent(new Event('finished'))
    }
  })
  finding(root, viewer)
  sharing()
  document.addEventListener('htmx:after:swap', () => viewer.stages())
  void viewer.open()
}
