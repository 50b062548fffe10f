import { join } from 'node:path'
import { AUDIT_MIGRATIONS } from '#audit'
import { openDatabaseForReading } from '#db'
import { checkRange } from '../../src/audit/fsck-range.ts'
import { openBenchLog, produce, signingLeaf } from './audit-support.ts'
await using log = await openBenchLog()
await produce(256, 100_000 - 2, (at) => log.audit.append(signingLeaf(at)))
log.flush()
const db = openDatabaseForReading(join(log.folder, 'sealstone.db'), AUDIT_MIGRATIONS)
for (let r = 0; r < 3; r++) {
  const s = process.cpuUsage()
  const t = performance.now()
  for (let at = 0; at < 99840; at += 8192) checkRange(db, at, Math.min(99840, at + 8192))
  const e = process.cpuUsage(s)
  console.log('us/leaf cpu', ((e.user + e.system) / 99840).toFixed(1), 'wall', (((performance.now() - t) * 1000) / 99840).toFixed(1))
}
