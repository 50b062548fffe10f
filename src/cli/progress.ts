/** How far long work is: a line on a terminal, JSON lines for a program that asks for them, nothing else. The bar's package is loaded only when drawn. */
import type { SingleBar } from 'cli-progress'
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
  let drawn: SingleBar | undefined
  let latest: Progress | undefined
  const stop = (): void => {
    state = 'stopped'
    drawn?.stop()
    drawn = undefined
  }
  const load = async (): Promise<void> => {
    const { default: bars } = await import('cli-progress')
    if (state !== 'loading' || latest === undefined) return
    drawn = new bars.SingleBar(
      { format: `${verb} ${FORMAT}`, hideCursor: true, clearOnComplete: true, stream: process.stderr, fps: 10 },
      bars.Presets.shades_classic,
    )
    drawn.start(latest.bytesTotal, latest.bytesDone, shown(latest, started, amount))
    state = 'drawing'
  }
  return {
    report(progress) {
      latest = progress
      if (state === 'drawing') drawn?.update(progress.bytesDone, shown(progress, started, amount))
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

const FORMAT = '{bar} {percentage}% {done} of {all} at {rate}{left}  {files}{current}'
const SHOW_AFTER_MS = 300
const TELL_EVERY_MS = 100
