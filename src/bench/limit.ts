/** What signing costs at the least: the primitives in the key host's own process, and the commits, in a loop without any call around them. */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '#core'
import { openDatabase } from '#db'
import { type KeyHost, type KeyMaterial, startKeyHost, type TokenLocation } from '#keyhost'
import type { SuiteId } from '#suites'
import { mean, quantiles } from './statistics.ts'

export interface SigningLimit {
  /** Hybrid signatures a second on one core: ML-DSA and classical signature, both verifications, and their part of a batched commit. */
  readonly perSecond: number
  /** One signing by itself, the median of their sums: the same, with two commits of its own and the two signatures of a checkpoint. */
  readonly serialMs: number
  /** Means in milliseconds, by name. */
  readonly parts: Readonly<Record<string, number>>
}

/** Measures the same again and again: a machine that others use too is not as fast in one minute as in the next. */
export interface LimitMeter extends AsyncDisposable {
  measure(): Promise<SigningLimit>
}

/** @param folder for a database; on the disk that the daemon's is on */
export async function openLimitMeter(token: TokenLocation, suite: SuiteId, folder: string): Promise<LimitMeter> {
  const keyHost = await startKeyHost({ token, logger: silentLogger, children: 1 })
  try {
    const key = await keyHost.generateKey({ keyId: 'bench', version: 1, suite, label: 'sealstone bench', role: 'signing' })
    const logKeys: KeyMaterial[] = []
    for (const logSuite of ['ed25519', 'mldsa44'] as const)
      logKeys.push(await keyHost.generateKey({ keyId: 'bench-log', version: 1, suite: logSuite, label: 'sealstone bench', role: 'log' }))
    return { measure: () => measureOnce(keyHost, key, logKeys, folder), [Symbol.asyncDispose]: () => keyHost.close() }
  } catch (error) {
    await keyHost.close()
    throw error
  }
}

async function measureOnce(keyHost: KeyHost, key: KeyMaterial, logKeys: readonly KeyMaterial[], folder: string): Promise<SigningLimit> {
  const times = await keyHost.measure({ key, rounds: ROUNDS, messageBytes: MESSAGE_BYTES })
  const checkpoint = (): Promise<unknown> => keyHost.sign(logKeys.map((logKey) => ({ key: logKey, message: randomBytes(CHECKPOINT_BYTES) })))
  const checkpoints = await timeEach(ROUNDS, checkpoint)
  const single = commits(join(folder, 'single.db'), 1, ROUNDS)
  const batched = commits(join(folder, 'batched.db'), BATCH, BATCHED_COMMITS)
  const parts = {
    'ML-DSA signature': mean(times.mlDsaSign),
    'classical signature in the token': mean(times.classicalSign),
    'ML-DSA verification': mean(times.mlDsaVerify),
    'classical verification': mean(times.classicalVerify),
    [`commit of ${BATCH} signings, per signing`]: mean(batched) / BATCH,
  }
  const perSignature = Object.values(parts).reduce((sum, part) => sum + part, 0)
  // Round by round and not from the medians of the parts: ML-DSA's times are skewed, so those add up to less than the median of the sums.
  const rounds = [times.mlDsaSign, times.classicalSign, times.mlDsaVerify, times.classicalVerify, checkpoints, single, single.toReversed()]
  const sums = times.mlDsaSign.map((_, round) => rounds.reduce((sum, part) => sum + (part[round] ?? 0), 0))
  return {
    perSecond: 1000 / perSignature,
    serialMs: quantiles(sums).p50,
    parts: { ...parts, 'signatures of a checkpoint': mean(checkpoints), 'commit of one': mean(single) },
  }
}

/** Of several measurements of the same. */
export function meanLimit(limits: readonly [SigningLimit, ...SigningLimit[]]): SigningLimit {
  const names = Object.keys(limits[0].parts)
  return {
    perSecond: mean(limits.map(({ perSecond }) => perSecond)),
    serialMs: mean(limits.map(({ serialMs }) => serialMs)),
    parts: Object.fromEntries(names.map((name) => [name, mean(limits.map(({ parts }) => parts[name] ?? Number.NaN))])),
  }
}

async function timeEach(count: number, run: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let at = 0; at < count; at++) {
    const start = performance.now()
    await run()
    times.push(performance.now() - start)
  }
  return times
}

/** Milliseconds of each commit, with fsync as the daemon's database does it. */
function commits(path: string, rows: number, count: number): number[] {
  const db = openDatabase(path, [{ room: 'bench', version: 1, sql: 'CREATE TABLE entry (id INTEGER PRIMARY KEY, bytes BLOB) STRICT' }])
  try {
    const bytes = randomBytes(ROW_BYTES)
    return Array.from({ length: count }, () => {
      const start = performance.now()
      db.transaction(() => {
        for (let row = 0; row < rows; row++) db.prepare('INSERT INTO entry (bytes) VALUES (?)').run(bytes)
      })
      return performance.now() - start
    })
  } finally {
    db.close()
    for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
  }
}

const ROUNDS = 400
/** A statement about ten files. */
const MESSAGE_BYTES = 2000
/** What a signing adds to the database: two entries and the stored answer. */
const ROW_BYTES = 24_000
const BATCH = 64
const CHECKPOINT_BYTES = 106
const BATCHED_COMMITS = 30
