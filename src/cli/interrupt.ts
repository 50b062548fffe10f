/** Turns SIGINT, SIGTERM and a closed standard output into one AbortSignal, so that a command can clean up before it ends. */
import type { Output } from './output.ts'

export interface Interrupt extends Disposable {
  readonly signal: AbortSignal
  /** Set once something interrupted the command: 130, 143, or 0 for a reader that had enough. */
  readonly exitCode: number | undefined
}

/** @param ownSignals the command handles signals itself: only the closed output is watched. */
export function interruptible(ownSignals: boolean, output: Output): Interrupt {
  const controller = new AbortController()
  let exitCode: number | undefined
  const stop = (code: number): void => {
    if (exitCode !== undefined) process.exit(code) // asked twice: the user does not want to wait for the cleaning
    exitCode = code
    controller.abort()
  }
  const onInterrupt = (): void => stop(EXIT_SIGINT)
  const onTerminate = (): void => stop(EXIT_SIGTERM)
  if (!ownSignals) process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate)
  output.onClosed(() => controller.abort())
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    [Symbol.dispose]() {
      process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate)
    },
  }
}

// 128 + the number of the signal, as shells report it.
const EXIT_SIGINT = 130
const EXIT_SIGTERM = 143
