/** Tries a call again while who should answer it is away for a moment, within one deadline. */
import { SealstoneError } from './errors.ts'

export interface RetryOptions {
  /** At least 1. */
  readonly attempts: number
  /** For all attempts together. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/**
 * @param attempt makes one call within the milliseconds it is given; it must be safe to repeat
 * @throws SealstoneError what the last attempt threw; CANCELLED when the signal aborts
 */
export async function withRetry<T>(options: RetryOptions, attempt: (timeoutMs: number) => Promise<T>): Promise<T> {
  const deadline = performance.now() + options.timeoutMs
  for (let made = 1; ; made++) {
    if (options.signal?.aborted === true) throw cancelled(options.signal)
    try {
      return await attempt(Math.max(1, deadline - performance.now()))
    } catch (error) {
      const pause = pauseMs(made)
      if (made >= options.attempts || !isTransient(error) || performance.now() + pause >= deadline) throw error
      await pauseUnless(options.signal, pause)
    }
  }
}

/** Only UNAVAILABLE: there the other side did not answer, or says itself that it is passing. OVERLOADED is not repeated, which would add load. */
export function isTransient(error: unknown): boolean {
  return error instanceof SealstoneError && error.entry.retryable && error.entry.grpc === 'UNAVAILABLE'
}

// Full jitter, so that the clients of a server that restarted do not come back in step.
export function pauseMs(made: number): number {
  const ceiling = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (made - 1))
  return ceiling / 2 + (Math.random() * ceiling) / 2
}

export function pauseUnless(signal: AbortSignal | undefined, ms: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const abort = (): void => {
    if (signal !== undefined) reject(cancelled(signal))
  }
  signal?.addEventListener('abort', abort, { once: true })
  return promise.finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  })
}

export function cancelled(signal: AbortSignal): SealstoneError {
  const timedOut = signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
  return new SealstoneError(timedOut ? 'DEADLINE_EXCEEDED' : 'CANCELLED', undefined, { cause: signal.reason })
}

const FIRST_PAUSE_MS = 150
const MAX_PAUSE_MS = 2000
