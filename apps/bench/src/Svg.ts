/**
 * Charts as SVG: bars in groups, and lines over a logarithmic scale. Pure, no dependency; readable on light and on dark pages. Invariant:
 * every value that was measured stands beside its mark as a number, so that no chart has to be measured with a ruler. Neighbours: Charts.ts.
 */

export interface Series {
  readonly name: string
  /** One for each label; undefined where nothing was measured. */
  readonly values: ReadonlyArray<number | undefined>
}

export interface Chart {
  readonly title: string
  readonly labels: ReadonlyArray<string>
  readonly series: ReadonlyArray<Series>
}

const WIDTH = 640
const HEIGHT = 320
const LEFT = 56
const RIGHT = 24
const TOP = 72
const BOTTOM = 40
const PLOT_WIDTH = WIDTH - LEFT - RIGHT
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM
const TICKS = 4
const GROUP_SHARE = 0.72
const LEGEND_STEP = 170
const DOT_RADIUS = 4
const VALUE_GAP = 13

const STYLE = `<style>
text { font: 12px system-ui, sans-serif; fill: #374151 } .title { font-size: 15px; font-weight: 600; fill: #111827 }
.value { font-size: 11px; paint-order: stroke; stroke: #ffffff; stroke-width: 3px } .grid { stroke: #e5e7eb } .page { fill: #ffffff }
.s0 { fill: #2563eb; stroke: #2563eb } .s1 { fill: #93c5fd; stroke: #93c5fd } .s2 { fill: #9ca3af; stroke: #9ca3af } .line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #d1d5db } .title { fill: #f9fafb } .grid { stroke: #374151 } .page { fill: #111827 } .value { stroke: #111827 } }
</style>`

const escaped = (text: string): string => text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`)
const at = (value: number): string => value.toFixed(1)

const label = (x: number, y: number, text: string, attributes = 'text-anchor="middle"'): string =>
  `<text x="${at(x)}" y="${at(y)}" ${attributes}>${escaped(text)}</text>`

const number = (value: number): string =>
  value === 0 ? "0" : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

/** The least number that is not below and gives round quarters. */
export const roundUp = (value: number): number => {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 3, 4, 6, 8, 10].find((step) => value <= step * power * (1 + 1e-9)) ?? 10)
}

const frame = ({ title, labels, series }: Chart, body: ReadonlyArray<string>): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    STYLE,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    label(LEFT, 28, title, 'class="title"'),
    ...series.map(
      ({ name }, index) =>
        `<rect class="s${index}" x="${LEFT + index * LEGEND_STEP}" y="42" width="10" height="10" rx="2"/>` +
        label(LEFT + 16 + index * LEGEND_STEP, 51, name, "")
    ),
    ...body,
    ...labels.map((text, index) => label(middleOf(index, labels.length), HEIGHT - BOTTOM + 20, text)),
    "</svg>",
    ""
  ].join("\n")

const middleOf = (index: number, count: number): number => LEFT + ((index + 0.5) * PLOT_WIDTH) / count

const gridLine = (y: number, text: string): string =>
  `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y)}" y2="${at(y)}"/>` +
  label(LEFT - 8, y + 4, text, 'text-anchor="end"')

const present = ({ series }: Chart): ReadonlyArray<number> =>
  series.flatMap(({ values }) => values.filter((value) => value !== undefined))

/** Groups of bars from zero, one bar for each series. */
export const barChart = (chart: Chart): string => {
  const top = roundUp(Math.max(0, ...present(chart)))
  const y = (value: number): number => TOP + PLOT_HEIGHT * (1 - value / top)
  const grid = Array.from({ length: TICKS + 1 }, (_, tick) => (top * tick) / TICKS)
  const width = (PLOT_WIDTH / chart.labels.length) * (GROUP_SHARE / Math.max(1, chart.series.length))
  const bars = chart.series.flatMap(({ values }, index) =>
    values.map((value, group) => {
      if (value === undefined) return ""
      const x = middleOf(group, chart.labels.length) + (index - chart.series.length / 2) * width
      const size = `x="${at(x + 2)}" y="${at(y(value))}" width="${at(width - 4)}" height="${at(y(0) - y(value))}"`
      return `<rect class="s${index}" ${size} rx="2"/>${label(x + width / 2, y(value) - 5, number(value), 'text-anchor="middle" class="value"')}`
    })
  )
  return frame(chart, [...grid.map((value) => gridLine(y(value), number(value))), ...bars])
}

/** Where numbers are written that would stand at `places`: in the same order, none over another. */
export const apart = (places: ReadonlyArray<number>, gap: number): ReadonlyArray<number> => {
  const order = [...places.keys()].toSorted((left, right) => places[left]! - places[right]!)
  const moved = [...places]
  for (let pass = 0; pass < order.length; pass++) {
    for (let index = 1; index < order.length; index++) {
      const [above, below] = [order[index - 1]!, order[index]!]
      const lacking = gap - (moved[below]! - moved[above]!)
      if (lacking <= 0) continue
      moved[above] = moved[above]! - lacking / 2
      moved[below] = moved[below]! + lacking / 2
    }
  }
  return moved
}

interface Dot {
  readonly series: number
  readonly x: number
  readonly y: number
  readonly value: number
}

/** Lines over a logarithmic scale, whose lines are powers of ten. */
export const lineChart = (chart: Chart): string => {
  const values = present(chart).filter((value) => value > 0)
  const low = Math.floor(Math.log10(Math.min(1, ...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  const y = (value: number): number => TOP + PLOT_HEIGHT * (1 - (Math.log10(value) - low) / (high - low))
  const grid = Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step))
  const columns = chart.labels.map((_, group) =>
    chart.series.flatMap(({ values: each }, series): ReadonlyArray<Dot> => {
      const value = each[group]
      if (value === undefined || value <= 0) return []
      return [{ series, value, x: middleOf(group, chart.labels.length), y: y(value) }]
    })
  )
  const lines = chart.series.map((_, series) => {
    const points = columns.flat().filter((dot) => dot.series === series)
    return `<polyline class="s${series} line" points="${points.map((dot) => `${at(dot.x)},${at(dot.y)}`).join(" ")}"/>`
  })
  const dots = columns.flatMap((column) => {
    const places = apart(
      column.map((dot) => dot.y),
      VALUE_GAP
    )
    return column.map(
      (dot, index) =>
        `<circle class="s${dot.series}" cx="${at(dot.x)}" cy="${at(dot.y)}" r="${DOT_RADIUS}"/>` +
        label(dot.x + 10, places[index]! + 4, number(dot.value), 'class="value"')
    )
  })
  return frame(chart, [...grid.map((value) => gridLine(y(value), String(value))), ...lines, ...dots])
}
