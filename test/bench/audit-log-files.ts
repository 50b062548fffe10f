/**
 * A large log: how long fsck takes for all of it and how much memory, how long one proof takes, how many bytes a leaf is on the disk; the same with all but the
 * last entries in cold storage. LEAVES=n, default 1,000,000.
 */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AUDIT_MIGRATIONS, archivableEnd, archiveBundles, checkWholeLog, databaseTiles } from '#audit'
import { openDatabase, openDatabaseForReading } from '#db'
import { publishLog } from '#publish'
import { decodeCheckpoint, inclusionProof, parseNote, withTileNodes } from '#tlog'
import { nativeVerifier, openBenchLog, produce, signingLeaf } from './audit-support.ts'
import { perSecond, quantile, timed } from './figures.ts'

const LEAVES = Number(process.env['LEAVES'] ?? 1_000_000)
const PROOFS = 2000
const { values } = parseArgs({ options: { fsck: { type: 'string' }, seed: { type: 'string' }, cold: { type: 'string' } } })

if (values.fsck !== undefined) await fsckAlone(values.fsck, values.seed ?? '', values.cold)
else await measure()

async function measure(): Promise<void> {
  await using log = await openBenchLog()
  await produce(256, LEAVES - 2, (at) => log.audit.append(signingLeaf(at)))
  await log.audit.complete(signingLeaf(LEAVES))
  const database = join(log.folder, 'sealstone.db')
  log.flush()

  const fsck = startFsck(database, log.seed)

  const db = openDatabaseForReading(database, AUDIT_MIGRATIONS)
  const tiles = databaseTiles(db)
  const size = log.audit.size()
  const proofs: number[] = []
  for (let round = 0; round < PROOFS; round++) {
    const index = BigInt((round * 7919) % LEAVES) // a prime: all over the log
    proofs.push(await timed(() => withTileNodes(tiles, size, (node) => inclusionProof(index, size, node))))
  }
  db.close()

  const bytes = statSync(database).size / LEAVES
  console.log(`| a log of ${perSecond(LEAVES)} leaves of ${log.encoded(signingLeaf(0)).length} bytes | | bar |\n|---|---|---|`)
  console.log(`| fsck, seconds | ${fsck.seconds.toFixed(1)} | 10 for 1,000,000 |`)
  console.log(`| fsck, seconds of processor time on all cores | ${fsck.cpuSeconds.toFixed(1)} | |`)
  console.log(`| fsck, resident memory at its highest, MiB | ${fsck.peakMiB.toFixed(0)} | 300 |`)
  console.log(`| inclusion proof from tiles, p50 ms | ${(quantile(proofs, 0.5) * 1000).toFixed(2)} | |`)
  console.log(`| inclusion proof from tiles, p99 ms | ${(quantile(proofs, 0.99) * 1000).toFixed(2)} | 5 |`)
  console.log(`| bytes of the SQLite file a leaf | ${bytes.toFixed(0)} | |`)

  const cold = join(log.folder, 'cold')
  const seconds = await timed(() => archive(database, cold))
  const after = startFsck(database, log.seed, '--cold', cold)
  console.log(`| audit archive, seconds | ${seconds.toFixed(1)} | |`)
  console.log(`| bytes of the SQLite file a leaf, after it | ${(statSync(database).size / LEAVES).toFixed(0)} | |`)
  console.log(`| fsck after it, seconds (of processor time) | ${after.seconds.toFixed(1)} (${after.cpuSeconds.toFixed(1)}) | |`)
}

async function archive(database: string, cold: string): Promise<void> {
  const db = openDatabase(database, AUDIT_MIGRATIONS)
  const source = databaseTiles(db, cold)
  await publishLog({ source, directory: cold, isPrivate: true })
  const signed = decodeCheckpoint(parseNote(await source.checkpoint()).text)
  await archiveBundles({ db, cold, signed, end: archivableEnd(db, signed.size, {}) })
  db.shrink()
  db.close()
}

function startFsck(database: string, seed: Uint8Array, ...more: readonly string[]): { seconds: number; cpuSeconds: number; peakMiB: number } {
  const own = [...process.execArgv, import.meta.filename, '--fsck', database, '--seed', seed.toHex(), ...more]
  return JSON.parse(execFileSync(process.execPath, own, { encoding: 'utf8' })) as ReturnType<typeof startFsck>
}

/** In a process of its own, whose memory is fsck's alone. */
async function fsckAlone(database: string, seed: string, cold?: string): Promise<void> {
  const { softwareLog } = await import('../support/software-log.ts')
  const { origin, keys } = softwareLog('bench.example/log', Uint8Array.fromHex(seed))
  let findings = 0
  const seconds = await timed(async () => {
    findings = (await checkWholeLog({ database, ...(cold === undefined ? {} : { cold }), log: { origin, keys, verifier: nativeVerifier() } }))
      .findingCount
  })
  if (findings > 0) throw new Error(`fsck found ${findings} faults`)
  const { userCPUTime, systemCPUTime } = process.resourceUsage()
  console.log(JSON.stringify({ seconds, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMiB: process.resourceUsage().maxRSS / 1024 }))
}
