/** Judges a soak: what was answered wrongly, lost or not logged, and whether what the processes hold has grown. Pure. */

export interface Sample {
  readonly daemon: Held
  /** The most that one child of the key host held; undefined while there was none. */
  readonly child: Held | undefined
}

export interface Held {
  readonly rssMiB: number
  readonly descriptors: number
  readonly threads: number
}

export interface Soak {
  readonly signed: number
  readonly wrong: number
  /** Requests that were repeated for a minute and never signed. */
  readonly lost: number
  /** Answered, and not in the log as a success. */
  readonly unlogged: number
  readonly openIntents: number
  /** What clients were told that nobody may be told, e.g. INTERNAL; with how often. */
  readonly unexpected: Readonly<Record<string, number>>
  /** What was found wrong with the log as a whole. */
  readonly logFault: string | undefined
  readonly daemonEnded: boolean
  /** Sessions that were opened and not closed, for each process that was started: what each held when it ended, on average. */
  readonly sessionsPerStart: number
  readonly samples: readonly Sample[]
}

/**
 * What the last third of the time may hold more than the first, by the medians. The daemon's memory: V8 collects late and keeps what it has
 * got, so that a short run looks like growth; a leak of one kilobyte a signature is above this after ten minutes. Of a process of the key host
 * there is a fresh one every few seconds; descriptors vary by those of a process that is going while the next one comes.
 */
export const MARGINS = {
  daemon: { rssMiB: 64, descriptors: 8, threads: 2 },
  child: { rssMiB: 32, descriptors: 4, threads: 2 },
} as const satisfies Record<'daemon' | 'child', Held>
const MOST_SESSIONS = 3

/** What must not be; empty if all is well. */
export function judge(soak: Soak): string[] {
  const zeros = (['wrong', 'lost', 'unlogged', 'openIntents'] as const).filter((name) => soak[name] > 0).map((name) => `${name}: ${soak[name]}`)
  const found = [...zeros, ...Object.entries(soak.unexpected).map(([code, count]) => `answered ${code}: ${count} times`)]
  if (soak.signed === 0) found.push('nothing was signed')
  if (soak.logFault !== undefined) found.push(`audit log: ${soak.logFault}`)
  if (soak.daemonEnded) found.push('the daemon ended')
  if (!(soak.sessionsPerStart <= MOST_SESSIONS)) found.push(`sessions per start: ${soak.sessionsPerStart.toFixed(1)}, want at most ${MOST_SESSIONS}`)
  return [...found, ...growths(soak.samples)]
}

export interface Thirds {
  readonly who: 'daemon' | 'child'
  readonly what: keyof Held
  readonly first: number
  readonly last: number
}

export function thirds(samples: readonly Sample[]): Thirds[] {
  return (['daemon', 'child'] as const).flatMap((who) => {
    const held = samples.map((sample) => sample[who]).filter((one) => one !== undefined)
    const third = Math.floor(held.length / 3)
    return (['rssMiB', 'descriptors', 'threads'] as const).map((what) => {
      const values = held.map((one) => one[what])
      return { who, what, first: median(values.slice(0, third)), last: median(values.slice(-third)) }
    })
  })
}

function growths(samples: readonly Sample[]): string[] {
  if (samples.length < 9) return [`${samples.length} samples are too few to tell whether anything grows`]
  return thirds(samples)
    .filter(({ who, what, first, last }) => !(last <= first + MARGINS[who][what]))
    .map(({ who, what, first, last }) => `${who} ${what}: ${first.toFixed(0)} in the first third, ${last.toFixed(0)} in the last`)
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}
