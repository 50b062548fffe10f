/** A process that runs a log on a small file system until that is full, goes on asking, frees space, and tells what happened as JSON. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { verifyWholeLog } from '#audit'
import { SealstoneError, utf8 } from '#core'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { checkReceipt, intent, openLog, outcome } from './support.ts'

const folder = process.argv[2] as string
const log = softwareLog('log.example/models')
const ballast = join(folder, 'ballast')
writeFileSync(ballast, new Uint8Array(2 * 1024 * 1024))

const { db, audit } = await openLog(folder, log)
const check = () => verifyWholeLog({ db, origin: log.origin, keys: log.keys, verifier: nobleVerifier })
const reason = 'x'.repeat(4000)

let written = 0
let failure: unknown
while (failure === undefined && written < 100_000) {
  try {
    await audit.append(intent({ kind: 'refused', result: 'error', reason }))
    written++
  } catch (error) {
    failure = error
  }
}
const full =
  failure instanceof SealstoneError
    ? { code: failure.code, message: failure.message, hint: failure.hint, retryable: failure.entry.retryable }
    : String(failure)
const sizeWhenFull = audit.size()

// The daemon lives: it goes on refusing, every waiter is told, and nothing of it is in the log.
const answer = (at: number) => ({ key: `local\0${at}`, requestDigest: 'd', build: () => utf8('a'.repeat(50_000)) })
const refused = await Promise.allSettled(Array.from({ length: 16 }, (_, at) => audit.complete(outcome({ reason }), answer(at))))
const codes = new Set(refused.map((result) => (result.status === 'rejected' ? (result.reason as SealstoneError).code : 'committed')))
const entriesWhenFull = [...audit.entries({ reverse: true, limit: 5 })].length

const free = statfsSync(folder)
rmSync(ballast)
const { index, receipt } = await audit.complete(outcome(), answer(99))
const covered = checkReceipt(receipt, log)
const { size } = check()
await audit.close()
db.close()

const again = await openLog(folder, log)
const report = {
  written,
  full,
  codesWhileFull: [...codes],
  leavesWhileFull: Number(sizeWhenFull) - 1 - written,
  entriesWhenFull,
  freeBytesWhenFull: free.bavail * free.bsize,
  nextIndex: Number(index) - Number(sizeWhenFull),
  receiptIndex: Number(covered.index - index),
  sizeAfter: Number(size - sizeWhenFull),
  sizeReopened: Number(again.audit.size() - size),
  answersOfRefused: Array.from({ length: 16 }, (_, at) => again.audit.findAnswer(`local\0${at}`)).filter((found) => found !== undefined).length,
}
process.stdout.write(`${JSON.stringify(report)}\n`)
