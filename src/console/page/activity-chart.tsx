/** Signatures, failures and refusals over time, drawn by uPlot; the same numbers as a table for those who do not see it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { Activity } from '#tlog'
import { fetchActivity } from './api.ts'
import { count, minute } from './format.ts'

export interface ActivityChartProps {
  readonly size: bigint | undefined
  /** Changes when colours do. */
  readonly colours: string
  readonly since: string | undefined
  readonly onSpan: (since: string, until: string) => void
}

export function ActivityChart({ size, colours, onSpan }: ActivityChartProps) {
  const [span, setSpan] = useState<Span>('all')
  const [activity, setActivity] = useState<Activity>()
  const place = useRef<HTMLDivElement>(null)
  const legend = useRef<HTMLUListElement>(null)

  useEffect(() => {
    if (size === undefined || size === 0n) return
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const load = async (): Promise<void> => {
      const since = SPANS[span].ms === undefined ? undefined : Date.now() - SPANS[span].ms
      const next = await fetchActivity(since, BUCKETS, stop.signal)
      setActivity(next)
      if (next.countedSince !== undefined) timer = setTimeout(() => void load().catch(() => {}), AGAIN_MS)
    }
    load().catch(() => {})
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [span, size])

  useEffect(() => {
    const element = place.current
    if (element === null || activity === undefined) return
    const chart = new uPlot(options(element, legend.current, activity, onSpan), data(activity), element)
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      chart.destroy()
    }
  }, [activity, colours])

  const totals = activity === undefined ? undefined : { signed: sum(activity.signed), failed: sum(activity.failed), refused: sum(activity.refused) }
  return (
    <section class="chart" aria-labelledby="chart-title">
      <div class="chart-head">
        <h2 id="chart-title">Activity</h2>
        <span class="quiet">as the daemon counts it</span>
        <ul ref={legend} class="legend">
          {SERIES.map(({ name, label }) => (
            <li key={name}>
              <i class={`swatch ${name}`} aria-hidden="true" />
              {label} {totals === undefined ? '' : count(totals[name])}
            </li>
          ))}
        </ul>
        <label>
          <span class="word">Span</span>
          <select value={span} onChange={(event) => setSpan(event.currentTarget.value as Span)}>
            {Object.entries(SPANS).map(([name, { label }]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div ref={place} class="plot" role="img" aria-label={spoken(activity)} />
      {activity?.countedSince !== undefined && <p class="quiet">Still counting; older than {minute(activity.countedSince)} is not in it yet.</p>}
    </section>
  )
}

function options(
  place: HTMLElement,
  legend: HTMLElement | null,
  { start, bucketMs, signed }: Activity,
  onSpan: ActivityChartProps['onSpan'],
): uPlot.Options {
  const colour = (name: string): string => {
    const swatch = legend?.querySelector(`.${name}`)
    return swatch instanceof Element ? getComputedStyle(swatch).backgroundColor : '#888'
  }
  const ink = getComputedStyle(place).color
  const line = getComputedStyle(place).borderTopColor
  const bars = uPlot.paths.bars?.({ size: [0.8, 40], align: 1 })
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' }
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [6, 36, 0, 0], // half of a day's label, which may be at the very end
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: false } },
    scales: {
      x: { time: true, range: [start / 1000, (start + signed.length * bucketMs) / 1000] },
      y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 26,
        space: 90,
        grid: { show: false },
        incrs: TICKS,
        values: (_plot, splits, _axis, _space, step) => splits.map((at) => tick(at, step)),
      },
      { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 1_000_000] },
    ],
    series: [
      {},
      // Stacked: each is drawn over the sum, from the top down.
      ...SERIES.map(({ name, label }) => ({
        label,
        fill: colour(name),
        width: 0,
        points: { show: false },
        ...(bars === undefined ? {} : { paths: bars }),
      })),
    ],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < 4) return
          const from = new Date(plot.posToVal(left, 'x') * 1000)
          const to = new Date(plot.posToVal(left + width, 'x') * 1000)
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
          onSpan(from.toISOString(), to.toISOString())
        },
      ],
    },
  }
}

/** `14:30`, or the day where the steps are days. */
function tick(seconds: number, step: number): string {
  const iso = new Date(seconds * 1000).toISOString()
  return step >= DAY_S ? iso.slice(0, 10) : iso.slice(11, 16) === '00:00' ? iso.slice(5, 10) : iso.slice(11, 16)
}

/** In the order of SERIES: refused over failed over signed. */
function data({ start, bucketMs, signed, failed, refused }: Activity): uPlot.AlignedData {
  const times = signed.map((_, at) => (start + at * bucketMs) / 1000)
  const upTo = (...rows: readonly (readonly number[])[]) => times.map((_, at) => rows.reduce((total, row) => total + (row[at] ?? 0), 0))
  return [times, upTo(signed, failed, refused), upTo(signed, failed), upTo(signed)]
}

function spoken(activity: Activity | undefined): string {
  if (activity === undefined) return 'Activity over time, being counted'
  const { start, bucketMs, signed, failed, refused } = activity
  return (
    `Activity from ${minute(start)} to ${minute(start + signed.length * bucketMs)}: ` +
    `${sum(signed)} signatures, ${sum(failed)} failures, ${sum(refused)} refusals`
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

type Span = keyof typeof SPANS

const SPANS: Readonly<Record<'hour' | 'day' | 'week' | 'quarter' | 'all', { readonly label: string; readonly ms?: number }>> = {
  hour: { label: 'Last hour', ms: 3_600_000 },
  day: { label: 'Last day', ms: 86_400_000 },
  week: { label: 'Last week', ms: 604_800_000 },
  quarter: { label: 'Last 90 days', ms: 7_776_000_000 },
  all: { label: 'Whole log' },
}
const SERIES = [
  { name: 'refused', label: 'Refused' },
  { name: 'failed', label: 'Failed' },
  { name: 'signed', label: 'Signed' },
] as const
const DAY_S = 86_400
const TICKS = [60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, ...[1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY_S)]
const BUCKETS = 96
const HEIGHT = 120
const AGAIN_MS = 400
