/** The process of `audit-log-aside.ts`. */
import { join } from 'node:path'
import { AUDIT_MIGRATIONS, archivableEnd, archiveBundles, type AuditLog, checkWholeLog, databaseTiles, openAuditLog } from '#audit'
import { silentLogger, systemClock, Timeline } from '#core'
import { openDatabase, shrinkDatabase } from '#db'
import { publishLog } from '#publish'
import { decodeCheckpoint, parseNote, parseTlogProof, verifyTlogProof } from '#tlog'
import { softwareLog } from '../support/software-log.ts'
import type { Aside, AsideFigures, Work } from './audit-log-aside.ts'
import { nativeVerifier } from './audit-support.ts'
import { quantile, timed } from './figures.ts'

const RECEIPTS = 1000
const request = JSON.parse(process.argv[2] ?? '') as Omit<Aside, 'seed'> & { readonly work: Work; readonly seed: string }
const { database, cold, work } = request
const { origin, keys, signer } = softwareLog('bench.example/log', Uint8Array.fromHex(request.seed))
const verifier = nativeVerifier()
const steps: Record<string, number> = {}

const seconds = await timed({ fsck, start: () => withLog(() => {}), archive, receipts: () => withLog(receipts) }[work])
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
console.log(JSON.stringify({ seconds, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMiB: maxRSS / 1024, steps } satisfies AsideFigures))

async function fsck(): Promise<void> {
  const { findingCount } = await checkWholeLog({ database, ...(cold === undefined ? {} : { cold }), log: { origin, keys, verifier } })
  if (findingCount > 0) throw new Error(`fsck found ${findingCount} faults`)
}

async function withLog(use: (audit: AuditLog) => unknown): Promise<void> {
  const db = openDatabase(database, AUDIT_MIGRATIONS)
  const timeline = new Timeline(systemClock)
  const audit = await openAuditLog({ db, origin, signer, verifier, timeline, logger: silentLogger, ...(cold === undefined ? {} : { cold }) })
  await use(audit)
  await audit.close()
  db.close()
}

async function archive(): Promise<void> {
  const directory = cold ?? join(database, '..', 'cold')
  const db = openDatabase(database, AUDIT_MIGRATIONS)
  const source = databaseTiles(db, directory)
  steps['publish'] = await timed(() => publishLog({ source, directory, isPrivate: true }))
  const signed = decodeCheckpoint(parseNote(await source.checkpoint()).text)
  const wanted = request.end === undefined ? {} : { before: BigInt(request.end) }
  steps['move'] = await timed(() => archiveBundles({ db, cold: directory, signed, end: archivableEnd(db, signed.size, wanted) }))
  db.close()
  steps['shrink'] = await timed(() => shrinkDatabase(database))
}

/** As the daemon gives them, each verified. */
async function receipts(audit: AuditLog): Promise<void> {
  const { start = 0, end = Number(audit.size()) } = request
  const times: number[] = []
  for (let at = 0; at < RECEIPTS; at++) {
    const index = start + ((at * 104_729 * 256) % (end - start)) // a prime: bundles all over the range
    const before = performance.now()
    const { leaf, proof } = await audit.receipt(BigInt(index))
    times.push((performance.now() - before) / 1000)
    const parsed = parseTlogProof(proof)
    verifyTlogProof(parsed, leaf, keys, verifier)
    if (parsed.index !== BigInt(index)) throw new Error(`the receipt is that of entry ${parsed.index}, want ${index}`)
  }
  Object.assign(steps, { p50: quantile(times, 0.5), p99: quantile(times, 0.99) })
}
