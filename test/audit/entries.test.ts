/** Listing: every filter, both directions, over page edges. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseIdentity, parseOperationId } from '#core'
import type { EntryFilter } from '#tlog'
import { softwareLog } from '../support/software-log.ts'
import { codeOf, intent, type OpenLog, openLog, outcome } from './support.ts'

const log = softwareLog('log.example/models')
const ALICE = parseIdentity('spiffe://example.org/alice')
const START = Date.parse('2026-03-01T00:00:00.000Z')
const OPERATION = parseOperationId('000102030405060708090a0b0c0d0e0f')
let folder: string
let open: OpenLog

// Entry 0 is log-start; entry n was written n minutes after midnight; 700 entries are three pages and three tiles.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
  let minute = 0
  const clock = { now: () => new Date(START + minute * 60_000), monotonicMs: () => minute }
  open = await openLog(folder, log, { clock })
  const writes: Promise<unknown>[] = []
  for (minute = 1; minute < 700; minute++) {
    const members = {
      ...(minute % 2 === 0 ? { key: 'even' } : {}),
      ...(minute % 10 === 0 ? { caller: ALICE } : {}),
      ...(minute === 333 || minute === 334 ? { operationId: OPERATION } : {}),
      ...(minute % 100 === 0 ? { modelName: 'llama', modelDigest: `sha256:${(minute === 300 ? 'ab' : 'cd').repeat(32)}` } : {}),
    }
    writes.push(open.audit.append(minute % 2 === 0 ? outcome({ ...members, result: minute % 4 === 0 ? 'ok' : 'error' }) : intent(members)))
  }
  await Promise.all(writes)
})

afterAll(async () => {
  await open[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const list = (filter: EntryFilter): number[] => [...open.audit.entries(filter)].map(({ index }) => Number(index))
const numbers = (keep: (index: number) => boolean): number[] => [...Array(700).keys()].filter(keep)

it.each<[string, EntryFilter, number[]]>([
  ['everything, oldest first', {}, numbers(() => true)],
  ['everything, newest first', { reverse: true }, numbers(() => true).reverse()],
  ['a limit', { limit: 3 }, [0, 1, 2]],
  ['a limit over a page edge', { limit: 300 }, numbers((n) => n < 300)],
  ['a limit of zero', { limit: 0 }, []],
  ['from an entry', { from: 690n }, numbers((n) => n >= 690)],
  ['from an entry downwards', { from: 3n, reverse: true }, [3, 2, 1, 0]],
  ['from past the end', { from: 5000n }, []],
  ['the newest two', { reverse: true, limit: 2 }, [699, 698]],
  ['since and until', { since: '2026-03-01T01:00:00Z', until: '2026-03-01T01:03:00.000Z' }, [60, 61, 62]],
  ['since in another zone', { since: '2026-03-01T12:38:30+01:00' }, [699]],
  ['until a day', { until: '2026-03-01' }, []],
  ['since a day', { since: '2026-03-01', limit: 1 }, [0]],
  ['by the digest of a model', { modelDigest: 'ab'.repeat(32) }, [300]],
  ['by a digest and newest first', { modelDigest: 'cd'.repeat(32), reverse: true, limit: 2 }, [600, 500]],
  ['by key', { key: 'even' }, numbers((n) => n > 0 && n % 2 === 0)],
  ['by caller', { caller: ALICE }, numbers((n) => n > 0 && n % 10 === 0)],
  ['by kind', { kind: 'log-start' }, [0]],
  ['by operation', { operationId: OPERATION }, [333, 334]],
  ['by model', { modelName: 'llama' }, [100, 200, 300, 400, 500, 600]],
  ['by a pattern of models', { modelPattern: 'll*a', limit: 3 }, [100, 200, 300]],
  ['by a pattern of models, newest first', { modelPattern: '*am*', reverse: true, limit: 2 }, [600, 500]],
  ['by a pattern that nothing meets', { modelPattern: 'llama*x' }, []],
  ['by result', { result: 'error', limit: 3 }, [2, 6, 10]],
  ['by several, newest first', { key: 'even', caller: ALICE, modelName: 'llama', reverse: true, limit: 2 }, [600, 500]],
  ['by a rare kind, newest first', { kind: 'log-start', reverse: true }, [0]],
  ['by a common result', { result: 'ok', reverse: true, limit: 2 }, [696, 692]],
  ['nothing found', { key: 'even', kind: 'intent' }, []],
])('lists %s', (_what, filter, want) => {
  expect(list(filter)).toEqual(want)
})

it('answers the leaf and its bytes', () => {
  const [entry] = open.audit.entries({ from: 334n, limit: 1 })
  expect(entry).toMatchObject({ index: 334n, leaf: { kind: 'outcome', operationId: OPERATION, time: '2026-03-01T05:34:00.000Z' } })
  expect(JSON.parse(new TextDecoder().decode(entry?.bytes))).toEqual(entry?.leaf)
})

it.each<[string, EntryFilter, string]>([
  ['a time that is none', { since: 'yesterday' }, 'INPUT_INVALID'],
  ['a negative limit', { limit: -1 }, 'INPUT_INVALID'],
  ['an operation id that is none', { operationId: 'xyz' }, 'FORMAT_INVALID'],
])('refuses %s', async (_what, filter, code) => {
  await expect(codeOf(() => list(filter))).resolves.toBe(code)
})

it('does not list what comes while it lists', async () => {
  const entries = open.audit.entries({ from: 698n })
  expect(entries.next().value).toMatchObject({ index: 698n })
  await open.audit.append(intent())
  expect([...entries].map(({ index }) => index)).toEqual([699n])
})
