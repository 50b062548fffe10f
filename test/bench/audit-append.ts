/**
 * Durable appends to the audit log, every fsync on, against a bare SQLite insert of the same bytes in batches of the same size, and of the same rows,
 * with all columns and the index that the log keeps for its readers; of each also the processor time, which other work disturbs less. And one
 * append until its receipt is ready, against two fsyncs and the two signatures of a checkpoint. All in one process and one run, in turn.
 * LEAVES=n for another count a round; DIR=path for another disk than that of the system's temporary files.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AUDIT_MIGRATIONS } from '#audit'
import { openDatabase } from '#db'
import type { NewLeaf } from '#tlog'
import { openBenchLog, produce, signingLeaf } from './audit-support.ts'
import { perSecond, quantile, timed } from './figures.ts'

const PRODUCERS = 256
const ROUNDS = 5
const LEAVES = Number(process.env['LEAVES'] ?? 50_000)
const RECEIPTS = 400
const RECEIPTS_BY_MANY = 25_600

await using log = await openBenchLog()
const bytes = log.encoded(signingLeaf(0))
const bare = bareInsert(join(log.folder, 'bare.db'))
const rows = rowInsert(join(log.folder, 'rows.db'))
const disk = openSync(join(log.folder, 'fsync'), 'w')

await produce(PRODUCERS, 5_000, () => log.audit.append(signingLeaf(0)))
const [appends, inserts, rowInserts] = [series(), series(), series()]
for (let round = 0; round < ROUNDS; round++) {
  // Made before the time begins, as the bytes of the bare insert are: it is the producers' work, not the log's.
  const leaves = Array.from({ length: LEAVES }, (_, at) => signingLeaf(at))
  await inserts.measure(() => bare(LEAVES))
  await rowInserts.measure(() => rows(leaves))
  await appends.measure(() => produce(PRODUCERS, LEAVES, (at) => log.audit.append(leaves[at] as NewLeaf)))
}
const [append, insert, rowInsertion] = [appends, inserts, rowInserts].map(({ rates }) => quantile(rates, 0.5)) as [number, number, number]
console.log(
  `| ${PRODUCERS} producers, leaf of ${bytes.length} bytes, median of ${ROUNDS} rounds of ${LEAVES} | leaves/s | processor µs a leaf |\n|---|---|---|`,
)
console.log(`| durable appends | ${perSecond(append)} | ${processor(appends)} |`)
console.log(`| the same rows, columns and index inserted by SQLite, ${PRODUCERS} a commit | ${perSecond(rowInsertion)} | ${processor(rowInserts)} |`)
console.log(`| the same bytes inserted by bare SQLite, ${PRODUCERS} a commit | ${perSecond(insert)} | ${processor(inserts)} |`)
console.log(
  `\nratio ${(append / insert).toFixed(2)} (bars: at least 0.5, and at least 20,000 leaves/s); rounds ${appends.rates.map(perSecond).join(', ')}`,
)
console.log(`ratio to the same rows ${(append / rowInsertion).toFixed(2)}\n`)

const alone: number[] = []
const fsyncs: number[] = []
const signatures: number[] = []
for (let round = 0; round < RECEIPTS; round++) {
  alone.push(await timed(() => log.audit.complete(signingLeaf(round))))
  fsyncs.push(await timed(() => flush()), await timed(() => flush()))
  signatures.push(await timed(() => log.signer.sign({ origin: log.origin, size: BigInt(round), root: bytes.subarray(0, 32) })))
}
const yardstick = 2 * quantile(fsyncs, 0.5) + quantile(signatures, 0.5)
const many: number[] = []
await produce(PRODUCERS, RECEIPTS_BY_MANY, async (at) => void many.push(await timed(() => log.audit.complete(signingLeaf(at)))))
closeSync(disk)

console.log('| one append until its receipt is ready | p50 ms | p99 ms |\n|---|---|---|')
console.log(latency('fsync of 4 kB', fsyncs))
console.log(latency('a checkpoint signed by both log keys', signatures))
console.log(latency('**append and receipt, 1 producer**', alone))
console.log(latency(`**append and receipt, ${PRODUCERS} producers**`, many))
console.log(`\nratio of one producer's p50 to two fsyncs and the signatures: ${(quantile(alone, 0.5) / yardstick).toFixed(2)} (bar: at most 1.5)`)
console.log(`p50 with ${PRODUCERS} producers: ${(quantile(many, 0.5) * 1000).toFixed(1)} ms (bar: at most 25 ms)`)

/** The same settings as the state directory's database, one table, no index. */
function bareInsert(path: string): (count: number) => void {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000')
  database.exec('CREATE TABLE entry (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT')
  const statement = database.prepare('INSERT INTO entry (bytes) VALUES (?)')
  return (count) => {
    for (let done = 0; done < count; done += PRODUCERS) {
      database.exec('BEGIN IMMEDIATE')
      for (let at = done; at < Math.min(count, done + PRODUCERS); at++) statement.run(bytes)
      database.exec('COMMIT')
    }
  }
}

/** The log's own tables and settings, and nothing of the log: no leaf is written, checked or hashed. */
function rowInsert(path: string): (leaves: readonly NewLeaf[]) => void {
  const database = openDatabase(path, AUDIT_MIGRATIONS)
  const statement = database.prepare('INSERT INTO audit_leaf VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  let index = 0
  return (leaves) => {
    for (let done = 0; done < leaves.length; done += PRODUCERS) {
      database.transaction(() => {
        for (const { kind, operationId, caller, key, modelName, result } of leaves.slice(done, done + PRODUCERS)) {
          const id = Buffer.from(operationId, 'hex')
          statement.run(index++, Date.now(), kind, id, caller, key ?? null, modelName ?? null, result ?? null, bytes)
        }
      })
    }
  }
}

interface Series {
  /** Leaves a second, of each round. */
  readonly rates: number[]
  /** Microseconds a leaf. */
  readonly processor: number[]
  measure(work: () => unknown): Promise<void>
}

function series(): Series {
  const [rates, used]: [number[], number[]] = [[], []]
  return {
    rates,
    processor: used,
    measure: async (work) => {
      const before = process.cpuUsage()
      rates.push(LEAVES / (await timed(work)))
      const { user, system } = process.cpuUsage(before)
      used.push((user + system) / LEAVES)
    },
  }
}

function processor({ processor: used }: Series): string {
  return quantile(used, 0.5).toFixed(1)
}

function flush(): void {
  writeSync(disk, Buffer.alloc(4096, 7))
  fdatasyncSync(disk)
}

function latency(name: string, seconds: readonly number[]): string {
  return `| ${name} | ${(quantile(seconds, 0.5) * 1000).toFixed(2)} | ${(quantile(seconds, 0.99) * 1000).toFixed(2)} |`
}
