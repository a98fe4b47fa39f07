// Entry: charts of the figures that the page carries. The table beside them says the same in words and numbers.
import uPlot from 'uplot'
import { gettext } from './i18n'
import { duration } from './time'

interface Row {
  date: string
  success: number
  error: number
  stopped: number
  ran: number
  waited: number
}

interface Figures {
  rows: Row[]
  labels: Record<string, string>
}

type Name = 'success' | 'error' | 'stopped' | 'ran' | 'waited'

const HEIGHT = 220
const DAY = 86_400
const MOST_POINTS = 60
// Neither tasks nor seconds are told in parts.
const STEPS = [0, 1, 2, 3, 4, 5, 6].flatMap((tens) => [1, 2, 5].map((one) => one * 10 ** tens))
const MINUTE = 60
const HOUR = 3600
const TIMES = [
  ...[1, 2, 5, 10, 20, 30],
  ...[1, 2, 5, 10, 20, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 120, 240, 720].map((n) => n * HOUR),
]
const root = document.documentElement
const figures = JSON.parse(document.getElementById('figures')?.textContent ?? '{"rows":[],"labels":{}}') as Figures
const days = figures.rows.map((row) => Date.parse(row.date) / 1000)
const short = new Intl.DateTimeFormat(root.lang || 'en', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const drawn: uPlot[] = []

// A mark of the axis: whole minutes and hours without the seconds that they do not have.
const tick = (seconds: number): string => {
  if (seconds >= HOUR && seconds % HOUR === 0) return gettext('%(h)sh', { h: seconds / HOUR })
  if (seconds >= MINUTE && seconds % MINUTE === 0) return gettext('%(m)sm', { m: seconds / MINUTE })
  return duration(seconds)
}

// As a plain colour, whatever the style computes it from; a canvas knows no variables.
const colour = (name: string): string => {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}

const COLOURS: Record<Name, string> = {
  success: '--hub-ok',
  error: '--hub-bad',
  stopped: '--hub-calm',
  ran: '--hub-busy',
  waited: '--hub-warn',
}

const frame = (width: number, values: (n: number) => string, steps: number[], legend: uPlot.Series[]): uPlot.Options => {
  const axis = { stroke: colour('--tblr-secondary'), grid: { stroke: colour('--tblr-border-color'), width: 1 }, ticks: { show: false } }
  return {
    width,
    height: HEIGHT,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC'), // each row is a day of the reader, not a moment
    scales: { x: { time: true, range: (_plot, low, high) => [low - DAY / 2, high + DAY / 2] }, y: { range: (_plot, _low, high) => [0, Math.max(high * 1.1, 1)] } },
    axes: [
      { ...axis, values: (_plot, splits) => splits.map((at) => short.format(new Date(at * 1000))) },
      { ...axis, size: 54, incrs: steps, values: (_plot, splits) => splits.map((n) => values(n)) },
    ],
    series: [{ label: figures.labels['day'] ?? 'day', value: (_plot, at) => (at === null ? (figures.labels['span'] ?? '') : short.format(new Date(at * 1000))) }, ...legend],
    cursor: { y: false },
  }
}

const sum = (values: number[]): number => values.reduce((all, one) => all + one, 0)

// The sums from below, so that each outcome stands on the ones under it; the legend tells the single numbers.
const stacked = (place: HTMLElement): uPlot => {
  const names: Name[] = ['error', 'stopped', 'success']
  const bars = uPlot.paths.bars?.({ size: [0.7, 40] })
  let below = days.map(() => 0)
  const sums = names.map((name) => (below = figures.rows.map((row, at) => row[name] + (below[at] ?? 0))))
  const series = names.map((name) => ({
    label: figures.labels[name] ?? name,
    fill: colour(COLOURS[name]),
    stroke: colour(COLOURS[name]),
    width: 0,
    points: { show: false },
    ...(bars ? { paths: bars } : {}),
    value: (_plot: uPlot, _n: number | null, _series: number, at: number | null) => String(at === null ? sum(figures.rows.map((row) => row[name])) : (figures.rows[at]?.[name] ?? 0)),
  }))
  return new uPlot(frame(place.clientWidth, String, STEPS, series.reverse()), [days, ...sums.reverse()], place)
}

const line = (place: HTMLElement, name: Name): uPlot => {
  const ended = figures.rows.map((row) => row.success + row.error + row.stopped)
  const values = figures.rows.map((row, at) => (ended[at] ? row[name] : null))
  const mean = sum(figures.rows.map((row, at) => row[name] * (ended[at] ?? 0))) / Math.max(sum(ended), 1)
  // A day between two without tasks has no line to either side, and would not be seen without its point.
  const points = values.filter((one) => one !== null).length <= MOST_POINTS
  const series: uPlot.Series = {
    label: figures.labels[name] ?? name,
    stroke: colour(COLOURS[name]),
    width: 2,
    spanGaps: true,
    points: { show: points, size: 6, fill: colour(COLOURS[name]) },
    value: (_plot, n, _series, at) => (at === null ? (sum(ended) ? duration(mean) : '—') : n === null || n === undefined ? '—' : duration(n)),
  }
  return new uPlot(frame(place.clientWidth, tick, TIMES, [series]), [days, values], place)
}

const draw = (): void => {
  for (const old of drawn.splice(0)) old.destroy()
  for (const place of document.querySelectorAll<HTMLElement>('[data-chart]')) {
    const name = place.dataset['chart'] ?? ''
    drawn.push(name === 'outcomes' ? stacked(place) : line(place, name as Name))
  }
}

draw()
new MutationObserver(draw).observe(root, { attributeFilter: ['data-bs-theme'] })
addEventListener('resize', () => {
  for (const plot of drawn) plot.setSize({ width: plot.root.parentElement?.clientWidth ?? 300, height: HEIGHT })
})
