/** How far long work is: a line on a terminal, one more for each thread where there are many files, JSON lines for a program that asks for them, nothing else. The bar's package is loaded only when drawn. */
import type * as Bars from 'cli-progress'
import type { Output } from './output.ts'
import { formatBytes, jsonText, visible } from './text.ts'

/** The shape that the hashing room reports. */
export interface Progress {
  readonly bytesDone: number
  readonly bytesTotal: number
  /** Files, or shards. */
  readonly filesDone: number
  readonly filesTotal: number
  readonly current: string
  /** What is read at the moment, one for each thread. */
  readonly reading?: readonly { readonly name: string; readonly bytesDone: number; readonly bytesTotal: number }[]
}

export interface ProgressBar extends Disposable {
  report(progress: Progress): void
  /** Removes the bar; later reports are ignored. */
  stop(): void
}

/** `auto`: a bar where standard error is a terminal. `json`: one object a line on standard error, about ten a second and a last one. */
export type ProgressForm = 'auto' | 'json' | 'none'

/** @param amount how a count is shown: bytes, unless what is counted is something else */
export function trackProgress(
  output: Output,
  verb: string,
  form: ProgressForm = 'auto',
  amount: (count: number) => string = formatBytes,
): ProgressBar {
  if (form === 'json') return jsonLines(output, verb)
  if (form === 'none' || !output.interactive) return { report() {}, stop() {}, [Symbol.dispose]() {} }
  return bar(verb, amount)
}

function jsonLines(output: Output, verb: string): ProgressBar {
  const started = performance.now()
  let latest: Progress | undefined
  let toldAt = Number.NEGATIVE_INFINITY
  const tell = (progress: Progress, state: 'running' | 'done'): void => {
    toldAt = performance.now()
    output.rawError(`${jsonText({ event: verb, state, ...progress, bytesPerSecond: Math.round(rateOf(progress, started)) })}\n`)
  }
  const stop = (): void => {
    if (latest !== undefined) tell(latest, latest.bytesDone === latest.bytesTotal ? 'done' : 'running')
    latest = undefined
  }
  return {
    report(progress) {
      latest = progress
      if (performance.now() - toldAt >= TELL_EVERY_MS) tell(progress, 'running')
    },
    stop,
    [Symbol.dispose]: stop,
  }
}

function bar(verb: string, amount: (count: number) => string): ProgressBar {
  const started = performance.now()
  let state: 'waiting' | 'loading' | 'drawing' | 'stopped' = 'waiting'
  let drawn: Drawing | undefined
  let latest: Progress | undefined
  const stop = (): void => {
    state = 'stopped'
    drawn?.stop()
    drawn = undefined
  }
  const load = async (): Promise<void> => {
    const { default: bars } = await import('cli-progress')
    if (state !== 'loading' || latest === undefined) return
    drawn = new Drawing(bars, verb, (progress) => shown(progress, started, amount), latest)
    state = 'drawing'
  }
  return {
    report(progress) {
      latest = progress
      if (state === 'drawing') drawn?.update(progress)
      else if (state === 'waiting' && performance.now() - started > SHOW_AFTER_MS) {
        state = 'loading'
        // Decoration only: if it cannot be loaded, the work goes on without.
        load().catch(() => (state = 'stopped'))
      }
    },
    stop,
    [Symbol.dispose]: stop,
  }
}

/** One line; where there are many files, below it a line for each thread. */
class Drawing {
  readonly #shown: (progress: Progress) => Record<string, string>
  readonly #screen: Bars.MultiBar
  readonly #whole: Bars.SingleBar
  readonly #lanes: Bars.SingleBar[] = []
  readonly #isLong: boolean

  constructor(
    bars: Pick<typeof Bars, 'MultiBar' | 'Presets'>,
    verb: string,
    shownAs: (progress: Progress) => Record<string, string>,
    first: Progress,
  ) {
    this.#shown = shownAs
    this.#isLong = first.reading !== undefined && first.filesTotal >= LONG_LIST
    const format = `${verb} ${this.#isLong ? FORMAT : `${FORMAT}{current}`}`
    const options = { format, hideCursor: true, clearOnComplete: true, linewrap: false, stream: process.stderr, fps: 10 }
    this.#screen = new bars.MultiBar(options, bars.Presets.shades_classic)
    this.#whole = this.#screen.create(first.bytesTotal, first.bytesDone, shownAs(first))
    this.update(first)
  }

  update(progress: Progress): void {
    this.#whole.update(progress.bytesDone, this.#shown(progress))
    if (!this.#isLong) return
    const { reading = [] } = progress
    while (this.#lanes.length < reading.length) this.#lanes.push(this.#screen.create(1, 0, { lane: '' }, { format: LANE_FORMAT }))
    for (const [at, lane] of this.#lanes.entries()) lane.update(0, { lane: laneText(reading[at]) })
  }

  stop(): void {
    this.#screen.stop()
  }
}

function laneText(part: NonNullable<Progress['reading']>[number] | undefined): string {
  if (part === undefined) return ''
  const percent = part.bytesTotal === 0 ? 100 : Math.floor((100 * part.bytesDone) / part.bytesTotal)
  return `${String(percent).padStart(3)}% of ${formatBytes(part.bytesTotal)}  ${visible(part.name)}`
}

function shown(progress: Progress, started: number, amount: (count: number) => string): Record<string, string> {
  const { bytesDone, bytesTotal, filesDone, filesTotal, current } = progress
  const rate = rateOf(progress, started)
  return {
    current: visible(current),
    files: filesTotal > 1 ? `${filesDone}/${filesTotal} ` : '',
    done: amount(bytesDone),
    all: amount(bytesTotal),
    rate: `${amount(Math.round(rate))}/s`,
    left: bytesDone === 0 ? '' : `, ${duration((bytesTotal - bytesDone) / rate)} left`,
  }
}

function rateOf({ bytesDone }: Progress, started: number): number {
  return bytesDone / Math.max(0.001, (performance.now() - started) / 1000)
}

/** `45 s`, `3 min`, `2 h 5 min`. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const FORMAT = '{bar} {percentage}% {done} of {all} at {rate}{left}  {files}'
const LANE_FORMAT = '  {lane}'
const LONG_LIST = 10
const SHOW_AFTER_MS = 300
const TELL_EVERY_MS = 100
