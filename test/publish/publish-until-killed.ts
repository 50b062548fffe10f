/** A process that lets a log grow and publishes it again and again until it is killed; each published size is told on stdout. */
import { writeSync } from 'node:fs'
import { databaseTiles } from '#audit'
import { fromHex } from '#core'
import { publishLog } from '#publish'
import { openLog } from '../audit/support.ts'
import { softwareLog } from '../support/software-log.ts'
import { grow } from './support.ts'

const [folder, directory, seed] = process.argv.slice(2) as [string, string, string]
const log = await openLog(folder, softwareLog('log.example/published', fromHex(seed)))
for (;;) {
  await grow(log, 1 + Math.floor(Math.random() * 400))
  const { size } = await publishLog({ source: databaseTiles(log.db), directory })
  writeSync(1, `published ${size}\n`)
}
