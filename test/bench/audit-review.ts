/**
 * Reviewing a large log: the first page of each filter, with and without the indexes of rare values; what those cost an append; a report; an export through
 * a daemon. `node test/bench/audit-review.ts [ENTRIES]`, 1,000,000 unless said. DIR says where the log is written.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { AuditLog } from '#audit'
import { newOperationId, parseIdentity, silentLogger, systemClock } from '#core'
import type { Operations } from '#operations'
import { type LogReader, makeReport } from '#review'
import { startServer } from '#rpc'
import { nativeEngine } from '#suites/native'
import type { EntryFilter, NewLeaf } from '#tlog'
import { LAUNCHER } from '../support/sealstone.ts'
import { openBenchLog } from './audit-support.ts'

const ENTRIES = Number(process.argv[2] ?? 1_000_000)
const CALLERS = Array.from({ length: 20 }, (_, at) => parseIdentity(`spiffe://bench.example/caller-${at}`))
const DIGEST = `sha256:${'ab'.repeat(32)}`
const engine = nativeEngine()
let operationId = newOperationId()

await using log = await openBenchLog()
const { audit } = log
console.log(`| ${ENTRIES.toLocaleString('en')} entries | ms |\n|---|---|`)
await timed('written', () => fill(audit, ENTRIES))
await pages('')
await timed('report of everything', async () => {
  const report = await makeReport(reader(audit), trust(), { from: '2020-01-01T00:00:00.000Z', to: '2099-01-01T00:00:00.000Z', now: new Date() })
  if (!report.evidence.proven) throw new Error(report.evidence.text)
})
console.log(`| peak memory, MiB | ${Math.round(process.resourceUsage().maxRSS / 1024)} |`)
await exported()

const database = new DatabaseSync(join(log.folder, 'sealstone.db'))
const some = Math.min(100_000, ENTRIES)
await timed(`${some.toLocaleString('en')} more written`, () => fill(audit, some))
database.exec('DROP INDEX audit_leaf_rare_kind; DROP INDEX audit_leaf_rare_result')
await timed(`${some.toLocaleString('en')} more written, without the indexes`, () => fill(audit, some))
await pages(', without the indexes')
database.close()

/** Two leaves a signing; one in 100,000 entries is a refusal, one a failure. */
async function fill(into: AuditLog, entries: number): Promise<void> {
  const waiting: Promise<unknown>[] = []
  for (let at = 0; at < entries; at++) {
    waiting.push(into.append(at % 100_000 === 50_000 ? refusal() : leafAt(at)))
    if (waiting.length === 1024) await Promise.all(waiting.splice(0))
  }
  await Promise.all(waiting)
  await into.receipt(into.size() - 1n) // covered by a checkpoint
}

function leafAt(at: number): NewLeaf {
  if (at % 2 === 0) operationId = newOperationId()
  const facts = {
    operationId,
    caller: CALLERS[(at >> 1) % CALLERS.length] ?? parseIdentity('local'),
    operation: 'sign',
    key: 'default',
    keyVersion: 1,
    suite: 'mldsa65-ecdsa-p256',
    modelName: `model-${(at >> 1) % 1000}`,
    modelDigest: DIGEST,
    signedBytesDigest: DIGEST,
    resourceCount: 12,
  }
  if (at % 2 === 0) return { kind: 'intent', ...facts }
  const signatures = (['hybrid', 'companion'] as const).map((role) => ({
    role,
    suite: 'mldsa65-ecdsa-p256',
    keyFingerprint: 'cd'.repeat(32),
    digest: DIGEST,
  }))
  return at % 100_000 === 1001
    ? { kind: 'outcome', ...facts, result: 'error', errorCode: 'TOKEN_UNAVAILABLE' }
    : { kind: 'outcome', ...facts, result: 'ok', signatures }
}

function refusal(): NewLeaf {
  return {
    kind: 'refused',
    operationId: newOperationId(),
    caller: parseIdentity('spiffe://bench.example/stranger'),
    operation: 'sign',
    reason: 'no rule',
  }
}

async function pages(suffix: string): Promise<void> {
  const filters: readonly (readonly [string, EntryFilter])[] = [
    ['kind outcome', { kind: 'outcome' }],
    ['kind refused, all there are', { kind: 'refused' }],
    ['kind recovery: none', { kind: 'recovery' }],
    ['result ok', { result: 'ok' }],
    ['result error, all there are', { result: 'error' }],
    ['result unknown: none', { result: 'unknown' }],
    ['the common key and result error', { key: 'default', result: 'error' }],
    ['a model', { modelName: 'model-7' }],
    ['a pattern of models', { modelPattern: 'model-7*' }],
    ['a pattern that nothing meets', { modelPattern: '*nothing*' }],
  ]
  for (const [name, filter] of filters) await timed(`first page: ${name}${suffix}`, () => firstPage(filter))
}

/** As the daemon lists: a page at a time, with a turn in between. */
async function firstPage(filter: EntryFilter): Promise<void> {
  let left = 256
  for (let from = filter.from; ; ) {
    const { entries, next } = audit.page({ ...filter, limit: left, ...(from === undefined ? {} : { from }) })
    left -= entries.length
    if (next === undefined || left === 0) return
    from = next
    await nextTurn()
  }
}

/** The command line in a process of its own, the daemon's server in this one. */
async function exported(): Promise<void> {
  const socket = join(log.folder, 'bench.sock')
  const operations: Pick<Operations, 'listEntries' | 'getCheckpoint'> = {
    getCheckpoint: () => Promise.resolve({ note: audit.checkpoint() ?? '', size: audit.size() }),
    listEntries: (_call, filter) => reader(audit).listEntries(filter, {}),
  }
  const listeners = [{ kind: 'unix', path: socket }] as const
  const server = await startServer({ operations: operations as Operations, listeners, logger: silentLogger, clock: systemClock })
  server.setServing(true)
  const file = join(log.folder, 'export.jsonl')
  await timed('export as JSON Lines, through the daemon', () =>
    promisify(execFile)(LAUNCHER, ['audit', 'export', '--address', `unix:${socket}`, '-o', file]),
  )
  await server.drain(1000)
}

function reader(from: AuditLog): LogReader {
  return {
    listEntries: async function* (filter) {
      yield* from.entries(filter)
    },
    getReceipt: (index) => from.receipt(index),
  }
}

function trust() {
  const verifier = {
    verifyEd25519: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => engine.verify('ed25519', key, message, signature),
    verifyMlDsa44: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => engine.verify('ml-dsa-44', key, message, signature),
  }
  return { origin: log.origin, keys: log.signer.keys, verifier, witnesses: [], quorum: 0 }
}

async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now()
  await work()
  const ms = performance.now() - started
  console.log(`| ${name} | ${ms < 100 ? ms.toFixed(1) : Math.round(ms).toLocaleString('en')} |`)
}
