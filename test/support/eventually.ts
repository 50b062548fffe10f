/** Waits for what comes by itself, however busy the machine is. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Tries until it does not throw, for two minutes; then throws the last error. What never comes costs those, what comes late costs nothing. */
export async function eventually<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  for (const end = performance.now() + PATIENCE_MS; ; await sleep(20)) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() > end) throw error
    }
  }
}

const PATIENCE_MS = 110_000
