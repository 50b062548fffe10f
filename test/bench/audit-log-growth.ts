/**
 * A log that grows to ten million leaves, and nine tenths of it moved into cold storage: what database and tiles take on the way and how long a start of the log
 * does, then fsck, receipts and a start before and after the move. LEAVES=n for another size; DIR=folder for about 3.5 kB a leaf, which are removed again.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AUDIT_MIGRATIONS } from '#audit'
import { openDatabaseForReading } from '#db'
import { type Aside, aside } from './audit-log-aside.ts'
import { type BenchLog, openBenchLog, produce, signingLeaf } from './audit-support.ts'
import { perSecond, timed } from './figures.ts'

const LEAVES = Number(process.env['LEAVES'] ?? 10_000_000)
const SIZES = [LEAVES / 10, LEAVES / 2, LEAVES].map(Math.floor)
const MOVED = Math.floor((LEAVES * 0.9) / 256) * 256

await using log = await openBenchLog({ isDurable: false })
const database = join(log.folder, 'sealstone.db')
const kept = { database, seed: log.seed }

console.log('| leaves | appended, seconds | database, MB (a leaf, bytes) | of it tiles, MB | start of the log, ms |\n|---|---|---|---|---|')
for (const size of SIZES) {
  const seconds = await timed(() => grow(log, size))
  log.flush()
  console.log(`| ${perSecond(size)} | ${seconds.toFixed(0)} | ${databaseSize(size)} | ${tileMegabytes()} | ${startMs(kept)} |`)
}

const before = measure(kept)
const moved = { ...kept, cold: join(log.folder, 'cold') }
const { seconds, cpuSeconds, peakMiB, steps } = aside('archive', { ...moved, end: MOVED })
console.log(`\n| audit archive of ${perSecond(MOVED)} leaves | |\n|---|---|`)
console.log(`| seconds (of processor time) | ${seconds.toFixed(0)} (${cpuSeconds.toFixed(0)}) |`)
for (const [name, took] of Object.entries(steps)) console.log(`| of it ${name}, seconds | ${took.toFixed(0)} |`)
console.log(`| resident memory at its highest, MiB | ${peakMiB.toFixed(0)} |`)
console.log(`| cold storage | ${coldSize(moved.cold)} |`)

const after = measure(moved)
console.log('\n| | before | after |\n|---|---|---|')
for (const [at, [name, was]] of before.entries()) console.log(`| ${name} | ${was} | ${after[at]?.[1]} |`)

function measure(where: Aside): (readonly [name: string, figure: string])[] {
  const size = databaseSize(LEAVES)
  const start = startMs(where)
  const fsck = aside('fsck', where)
  const [old, recent] = [aside('receipts', { ...where, end: MOVED }), aside('receipts', { ...where, start: MOVED, end: LEAVES })]
  return [
    ['database, MB (a leaf, bytes)', size],
    ['start of the log, ms', start],
    ['fsck, seconds (of processor time)', `${fsck.seconds.toFixed(0)} (${fsck.cpuSeconds.toFixed(0)})`],
    ['fsck, resident memory at its highest, MiB', fsck.peakMiB.toFixed(0)],
    ['receipt of one of the leaves that are moved, p50 (p99), ms', receiptMs(old)],
    ['receipt of one of those that stay, p50 (p99), ms', receiptMs(recent)],
  ]
}

/** Checkpoints are signed now and then, as a daemon does. */
async function grow({ audit }: BenchLog, size: number): Promise<void> {
  await produce(1024, size - Number(audit.size()) - 1, (at) => audit.append(signingLeaf(at)))
  await audit.complete(signingLeaf(size))
}

function databaseSize(leaves: number): string {
  const { size } = statSync(database)
  return `${perSecond(size / 1e6)} (${(size / leaves).toFixed(0)})`
}

function tileMegabytes(): string {
  const db = openDatabaseForReading(database, AUDIT_MIGRATIONS)
  const row = db.prepare('SELECT sum(octet_length(root) + octet_length(hashes)) / 1e6 AS megabytes FROM audit_tile').get()
  db.close()
  return perSecond(row?.['megabytes'] as number)
}

/** At its best of some: the first one also loads the program. */
function startMs(where: Aside): string {
  return (Math.min(...[1, 2, 3].map(() => aside('start', where).seconds)) * 1000).toFixed(0)
}

function receiptMs({ steps: { p50 = Number.NaN, p99 = Number.NaN } }: { readonly steps: Readonly<Record<string, number>> }): string {
  return `${(p50 * 1000).toFixed(2)} (${(p99 * 1000).toFixed(2)})`
}

function coldSize(cold: string): string {
  const files = readdirSync(cold, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
  return `${perSecond(bytes / 1e6)} MB in ${perSecond(files.length)} files`
}
