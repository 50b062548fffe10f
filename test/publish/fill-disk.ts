/** A process that publishes to a small file system until that is full, tries again, frees space, and tells what happened as JSON. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseTiles } from '#audit'
import { toSealstoneError } from '#core'
import { publishLog } from '#publish'
import { openLog } from '../audit/support.ts'
import { softwareLog } from '../support/software-log.ts'
import { grow, judge } from './support.ts'

const disk = process.argv[2] as string
const directory = join(disk, 'public')
const ballast = join(disk, 'ballast')
writeFileSync(ballast, new Uint8Array(2 * 1024 * 1024))
const keys = softwareLog('log.example/published')
const home = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
const log = await openLog(home, keys)
const publish = () => publishLog({ source: databaseTiles(log.db), directory })

let published = 0n
const failures: string[] = []
const seenWhenFull: boolean[] = []
while (failures.length < 4) {
  await grow(log, 150)
  try {
    const report = await publish()
    published = report.size
  } catch (error) {
    failures.push(toSealstoneError(error).code)
    seenWhenFull.push((await judge(directory, keys)) === published)
  }
}
rmSync(ballast)
const { before, size } = await publish()
const report = {
  failures,
  seenWhenFull,
  wentOnFrom: before === published,
  isWhole: (await judge(directory, keys)) === size && size === log.audit.size(),
}
await log[Symbol.asyncDispose]()
rmSync(home, { recursive: true })
process.stdout.write(`${JSON.stringify(report)}\n`)
