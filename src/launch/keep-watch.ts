/** Looks again and again while a command runs. */
export interface WatchKept {
  /** Looks a last time; whether any look found something. */
  end(): Promise<boolean>
}

/** @param look asked every second, never twice at a time, until it answers yes; its failure counts as a yes */
export function keepWatch(look: () => Promise<boolean>): WatchKept {
  let found = false
  let looking: Promise<void> | undefined
  const ask = async (): Promise<void> => {
    found = await look().catch(() => true)
    looking = undefined
  }
  const timer = setInterval(() => {
    if (!found) looking ??= ask()
  }, LOOK_EVERY_MS)
  return {
    async end() {
      clearInterval(timer)
      await looking
      if (!found) await ask()
      return found
    },
  }
}

const LOOK_EVERY_MS = 1000
