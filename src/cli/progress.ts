/** A progress bar on a terminal, for work that takes longer than a glance. Its package is loaded only then. */
import type { SingleBar } from 'cli-progress'
import type { Output } from './output.ts'
import { formatBytes, visible } from './text.ts'

/** The shape that the hashing room reports. */
export interface Progress {
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly current: string
}

export interface ProgressBar extends Disposable {
  report(progress: Progress): void
  /** Removes the bar; later reports are ignored. */
  stop(): void
}

export function trackProgress(output: Output, verb: string): ProgressBar {
  if (!output.interactive) return { report() {}, stop() {}, [Symbol.dispose]() {} }
  const started = performance.now()
  let state: 'waiting' | 'loading' | 'drawing' | 'stopped' = 'waiting'
  let bar: SingleBar | undefined
  let latest: Progress | undefined
  const stop = (): void => {
    state = 'stopped'
    bar?.stop()
    bar = undefined
  }
  const draw = (progress: Progress): void => {
    bar?.update(progress.bytesDone, {
      current: visible(progress.current),
      done: formatBytes(progress.bytesDone),
      all: formatBytes(progress.bytesTotal),
    })
  }
  const load = async (): Promise<void> => {
    const { default: bars } = await import('cli-progress')
    if (state !== 'loading' || latest === undefined) return
    bar = new bars.SingleBar(
      { format: `${verb} {bar} {percentage}% {done} of {all}  {current}`, hideCursor: true, clearOnComplete: true, stream: process.stderr, fps: 10 },
      bars.Presets.shades_classic,
    )
    bar.start(latest.bytesTotal, latest.bytesDone, { current: '', done: '', all: '' })
    draw(latest)
    state = 'drawing'
  }
  return {
    report(progress) {
      latest = progress
      if (state === 'drawing') draw(progress)
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

const SHOW_AFTER_MS = 300
