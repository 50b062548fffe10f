/**
 * A large log: how long fsck takes for all of it and how much memory, how long one proof takes, how many bytes a leaf is on the disk; the same with all but the
 * last entries in cold storage. LEAVES=n, default 1,000,000.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { AUDIT_MIGRATIONS, databaseTiles } from '#audit'
import { openDatabaseForReading } from '#db'
import { inclusionProof, withTileNodes } from '#tlog'
import { aside } from './audit-log-aside.ts'
import { openBenchLog, produce, signingLeaf } from './audit-support.ts'
import { perSecond, quantile, timed } from './figures.ts'

const LEAVES = Number(process.env['LEAVES'] ?? 1_000_000)
const PROOFS = 2000

await measure()

async function measure(): Promise<void> {
  await using log = await openBenchLog()
  await produce(256, LEAVES - 2, (at) => log.audit.append(signingLeaf(at)))
  await log.audit.complete(signingLeaf(LEAVES))
  const database = join(log.folder, 'sealstone.db')
  log.flush()

  const fsck = aside('fsck', { database, seed: log.seed })

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
  const archived = aside('archive', { database, seed: log.seed, cold })
  const after = aside('fsck', { database, seed: log.seed, cold })
  console.log(`| audit archive, seconds | ${archived.seconds.toFixed(1)} | |`)
  console.log(`| bytes of the SQLite file a leaf, after it | ${(statSync(database).size / LEAVES).toFixed(0)} | |`)
  console.log(`| fsck after it, seconds (of processor time) | ${after.seconds.toFixed(1)} (${after.cpuSeconds.toFixed(1)}) | |`)
}
