/** The soak's judge says no to each thing that must not be, and yes to a run in which nothing of it happened. */
import { expect, it } from 'vitest'
import { type Held, judge, MARGINS, type Sample, type Soak } from './judge.ts'

const held: Held = { rssMiB: 100, descriptors: 40, threads: 12 }
const flat: Sample[] = Array.from({ length: 30 }, () => ({ daemon: held, child: held }))
const good: Soak = {
  signed: 1000,
  wrong: 0,
  lost: 0,
  unlogged: 0,
  openIntents: 0,
  unexpected: {},
  logFault: undefined,
  daemonEnded: false,
  sessionsPerStart: 1.2,
  samples: flat,
}

it('finds nothing in a run in which nothing happened', () => {
  expect(judge(good)).toEqual([])
})

it.each<readonly [string, Partial<Soak>]>([
  ['wrong: 1', { wrong: 1 }],
  ['lost: 1', { lost: 1 }],
  ['unlogged: 1', { unlogged: 1 }],
  ['openIntents: 1', { openIntents: 1 }],
  ['answered INTERNAL: 1 times', { unexpected: { INTERNAL: 1 } }],
  ['nothing was signed', { signed: 0 }],
  ['audit log: leaf 7 is missing', { logFault: 'leaf 7 is missing' }],
  ['the daemon ended', { daemonEnded: true }],
  ['sessions per start: 3.1, want at most 3', { sessionsPerStart: 3.1 }],
  ['sessions per start: NaN, want at most 3', { sessionsPerStart: Number.NaN }],
  ['3 samples are too few to tell whether anything grows', { samples: flat.slice(0, 3) }],
])('says: %s', (said, change) => {
  expect(judge({ ...good, ...change })).toEqual([said])
})

it.each(['daemon', 'child'] as const)('sees each thing that a %s holds grow', (who) => {
  for (const what of ['rssMiB', 'descriptors', 'threads'] as const) {
    const grown = (by: number): Soak => ({
      ...good,
      samples: flat.map((sample, at) => (at < 20 ? sample : { ...sample, [who]: { ...held, [what]: held[what] + by } })),
    })
    expect(judge(grown(MARGINS[who][what]))).toEqual([])
    expect(judge(grown(MARGINS[who][what] + 1))).toEqual([expect.stringMatching(new RegExp(`^${who} ${what}: \\d+ in the first third`))])
  }
})
