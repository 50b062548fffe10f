/** How the page counts the cosignatures of witnesses: each by every key of a known witness, over a checkpoint of the very log that is shown. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { utf8 } from '#core'
import { encodeVerifierKey, parseTilePath, witnessVkeys } from '#tlog'
import { LogCheck } from '../../src/console/page/log-check.ts'
import { ServerTiles } from '../../src/console/page/server-tiles.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { type SoftwareWitness, softwareWitness } from '../support/software-witness.ts'
import { fill, openShownLog, type ShownLog } from './software-console.ts'

const witnesses = ['witness.example/w1', 'witness.example/w2', 'witness.example/w3'].map((name) => softwareWitness(name)) as [
  SoftwareWitness,
  SoftwareWitness,
  SoftwareWitness,
]
const [first, second, third] = witnesses
const keys = softwareLog('log.example/console')
let log: ShownLog
let fork: ShownLog

beforeAll(async () => {
  log = await openShownLog(keys)
  await fill(log.log, 5)
  fork = await openShownLog(keys)
  await fill(fork.log, 4, { modelName: 'other' })
})
afterAll(() => Promise.all([log[Symbol.asyncDispose](), fork[Symbol.asyncDispose]()]))

const newest = () => log.shown.checkpoint() ?? ''
const cosigned = (by: readonly SoftwareWitness[], note = newest()) => by.reduce((lines, witness) => witness.cosign(lines), note)

/** A page's judge that has followed the newest checkpoint; it remembers nothing of another visit. */
async function judge(): Promise<LogCheck> {
  const kept = new Map<string, unknown>()
  const check = new LogCheck({
    tiles: new ServerTiles(async (path) => {
      const name = parseTilePath(path.slice('/api/'.length))
      return name === undefined ? utf8(JSON.stringify(newest())) : log.shown.tile(name)
    }),
    memory: { read: async <Value>(name: string) => kept.get(name) as Value | undefined, write: async (name, value) => void kept.set(name, value) },
    pinned: { origin: keys.origin, keys: keys.keys.map(encodeVerifierKey), fingerprint: '', pinnedAt: '', from: 'daemon' },
    demand: { quorum: 2, witnesses: witnesses.map(witnessVkeys) },
    verifier: nobleVerifier,
  })
  expect(await check.follow(newest())).toMatchObject({ kind: 'checked', witnessed: { size: '0', of: 3, quorum: 2 } })
  return check
}

async function states(check: LogCheck): Promise<string[]> {
  const { entries } = await log.shown.search({ limit: 100 })
  const judged = await check.check(entries.map(({ index, leaf }) => ({ index: String(index), bytes: leaf })))
  return [...new Set(judged.map(({ state }) => state))]
}

it('verifies what a quorum has cosigned, and what more than a quorum has', async () => {
  for (const by of [[second, third], witnesses]) {
    const check = await judge()
    expect(await states(check)).toEqual(['no-quorum'])
    expect(await check.witness(cosigned(by))).toMatchObject({ kind: 'checked', witnessed: { size: '11', by: by.map(({ name }) => name) } })
    expect(await states(check)).toEqual(['verified'])
  }
})

it.each([
  ['nobody', () => newest()],
  ['one of them', () => cosigned([first])],
  ['one of them twice', () => cosigned([first, first])],
  ['one of them and strangers', () => cosigned([first, softwareWitness(second.name), softwareWitness('witness.example/w4')])],
  [
    'two of them with one of their two keys',
    () => second.cosign(third.cosign(newest(), undefined, ['ml-dsa-44']), undefined, ['cosignature-ed25519']),
  ],
  [
    'one of them, and the second another checkpoint',
    () => {
      const other = keys.signNow({ origin: keys.origin, size: 3n, root: new Uint8Array(32) })
      return `${cosigned([first])}${second.cosign(other).trimEnd().split('\n').slice(-2).join('\n')}\n`
    },
  ],
])('verifies nothing that was cosigned by %s', async (_who, note) => {
  const check = await judge()
  expect(await check.witness(note())).toMatchObject({ kind: 'checked', witnessed: { size: '0' } })
  expect(await states(check)).toEqual(['no-quorum'])
  await expect(check.draw('3', new Uint8Array())).rejects.toThrow('quorum not reached')
})

it('goes on believing what was cosigned when a later checkpoint is not', async () => {
  const check = await judge()
  const note = cosigned([first, second])
  await check.witness(note)
  await fill(log.log, 1)
  expect(await check.follow(newest())).toMatchObject({ size: '13', witnessed: { size: '11' } })
  expect(await check.witness(cosigned([third]))).toMatchObject({ size: '13', witnessed: { size: '11' } })
  expect((await states(check)).sort()).toEqual(['no-quorum', 'verified'])
})

it('tells a log that showed its witnesses another history, or a checkpoint that it did not sign, and believes it no more', async () => {
  const check = await judge()
  expect(await check.witness(cosigned(witnesses, fork.shown.checkpoint()))).toMatchObject({ kind: 'refused', fault: 'forked' })
  expect(await states(check)).toEqual(['unknown'])
  expect(await check.witness(cosigned(witnesses))).toMatchObject({ kind: 'refused', fault: 'forked' })
  const other = await judge()
  const unsigned = cosigned(witnesses, softwareLog(keys.origin).signNow({ origin: keys.origin, size: 5n, root: new Uint8Array(32) }))
  expect(await other.witness(unsigned)).toMatchObject({ kind: 'refused', fault: 'not-signed' })
})
