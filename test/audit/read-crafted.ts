/**
 * A process that reads a crafted log in one way: prints what came of it and how many megabytes that took, as JSON: `most` at its highest, `kept` of what was
 * still in use at the end. Runs with --expose-gc.
 */
import { join } from 'node:path'
import { ActivityCounter, AUDIT_MIGRATIONS, checkWholeLog, CosignatureStore, databaseTiles } from '#audit'
import { fromHex, toSealstoneError } from '#core'
import { openDatabaseForReading } from '#db'
import { decodeCheckpoint, parseNote } from '#tlog'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { openLog } from './support.ts'

const [way, folder, seed] = process.argv.slice(2) as ['start' | 'fsck' | 'checkpoint' | 'activity', string, string]
const log = softwareLog('log.example/models', fromHex(seed))
const mostMegabytes = (): number => process.resourceUsage().maxRSS / 1024
const usedMegabytes = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}
const inUse: unknown[] = []

const [most, used] = [mostMegabytes(), usedMegabytes()]
const told = await { start, fsck, checkpoint, activity }[way]().catch((thrown: unknown) => toSealstoneError(thrown).message)
console.log(JSON.stringify({ told, most: mostMegabytes() - most, kept: usedMegabytes() - used, inUse: inUse.length }))

async function start(): Promise<unknown> {
  await using open = await openLog(folder, log)
  return await open.audit.recover()
}

async function fsck(): Promise<unknown> {
  const database = join(folder, 'sealstone.db')
  const { findings, openIntents } = await checkWholeLog({
    database,
    log: { origin: log.origin, keys: log.keys, verifier: nobleVerifier },
    threads: 0,
  })
  return { first: findings[0]?.detail, openIntents }
}

/** What serving and publishing ask for, and what the cosigner finds at a start. */
async function checkpoint(): Promise<unknown> {
  const db = openDatabaseForReading(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
  const { size } = decodeCheckpoint(parseNote(await databaseTiles(db).checkpoint()).text)
  return [Number(size), new CosignatureStore(db).notes().length]
}

async function activity(): Promise<unknown> {
  const counter = new ActivityCounter(openDatabaseForReading(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS))
  while (counter.step(1000));
  inUse.push(counter)
  const { refused } = counter.read({ since: 0, buckets: 10 })
  return refused.reduce((sum, count) => sum + count, 0)
}
