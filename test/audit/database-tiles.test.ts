/** The database read as a published log, beside the daemon that writes to it: judged by the roots that were signed. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { AUDIT_MIGRATIONS, databaseTiles } from '#audit'
import { toHex } from '#core'
import { type Database, openDatabaseForReading } from '#db'
import { decodeCheckpoint, leafHash, parseNote, readEntryBundle, rootFromTiles, type TileName, tileWidth } from '#tlog'
import { softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { codeOf, openLog, outcome, type OpenLog } from './support.ts'

const LOG = softwareLog('log.example/tiles')

/** Entries in batches, so that checkpoints are made at many sizes. */
async function grow({ audit }: OpenLog, entries: number): Promise<void> {
  for (let left = entries; left > 0; left -= 50) await Promise.all(Array.from({ length: Math.min(left, 50) }, () => audit.complete(outcome())))
}

async function openBoth(): Promise<{ log: OpenLog; reader: Database } & AsyncDisposable> {
  const folder = temporaryFolder()
  const log = await openLog(folder, LOG)
  const reader = openDatabaseForReading(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
  return {
    log,
    reader,
    async [Symbol.asyncDispose]() {
      reader.close()
      await log[Symbol.asyncDispose]()
    },
  }
}

it('has the signed root, at every size that was signed, while the log grows on', async () => {
  await using both = await openBoth()
  const source = databaseTiles(both.reader)
  const signed: { size: bigint; root: Uint8Array }[] = []
  for (let round = 0; round < 14; round++) {
    await grow(both.log, 50)
    signed.push(decodeCheckpoint(parseNote(await source.checkpoint()).text))
  }
  expect(signed.at(-1)?.size).toBe(701n)
  for (const { size, root } of signed) expect(toHex(await rootFromTiles(source, size))).toBe(toHex(root))
})

it('serves every width up to that of the newest checkpoint: the beginning of the wider one, and leaves that hash to it', async () => {
  await using both = await openBoth()
  await grow(both.log, 599)
  const source = databaseTiles(both.reader)
  for (const [level, number] of [
    [0, 0n],
    [0, 2n],
    [1, 0n],
  ] as const) {
    const widest = tileWidth(600n, level, number)
    const whole = await source.tile({ kind: 'hashes', level, number, width: widest })
    for (let width = 1; width <= widest; width++) {
      expect(toHex(await source.tile({ kind: 'hashes', level, number, width }))).toBe(toHex(whole.slice(0, width * 32)))
    }
  }
  const { entries } = await readEntryBundle(source, 600n, 2n)
  expect(entries.map((entry) => toHex(leafHash(entry))).join('')).toBe(toHex(await source.tile({ kind: 'hashes', level: 0, number: 2n, width: 88 })))
})

it('serves nothing that no checkpoint covers', async () => {
  await using both = await openBoth()
  const source = databaseTiles(both.reader)
  await grow(both.log, 9)
  await both.log.audit.append(outcome()) // durable, and not covered
  const beyond: TileName[] = [
    { kind: 'hashes', level: 0, number: 0n, width: 11 },
    { kind: 'entries', number: 0n, width: 11 },
    { kind: 'entries', number: 0n, width: 256 },
    { kind: 'hashes', level: 1, number: 0n, width: 1 },
    { kind: 'hashes', level: 0, number: 1n, width: 1 },
    { kind: 'hashes', level: 5, number: 2n ** 60n, width: 1 },
  ]
  for (const name of beyond) expect(await codeOf(source.tile(name))).toBe('TILE_MISSING')
  expect(await source.tile({ kind: 'hashes', level: 0, number: 0n, width: 10 })).toHaveLength(320)
})

it('says that a leaf or a tile is gone', async () => {
  await using both = await openBoth()
  await grow(both.log, 299)
  const source = databaseTiles(both.reader)
  both.log.db.prepare('DELETE FROM audit_leaf WHERE idx = 260').run()
  both.log.db.prepare('DELETE FROM audit_tile WHERE level = 0').run()
  expect(await codeOf(source.tile({ kind: 'entries', number: 1n, width: 44 }))).toBe('AUDIT_CORRUPT')
  expect(await codeOf(source.tile({ kind: 'hashes', level: 0, number: 0n, width: 256 }))).toBe('AUDIT_CORRUPT')
  expect(await codeOf(source.tile({ kind: 'hashes', level: 1, number: 0n, width: 1 }))).toBe('AUDIT_CORRUPT')
})

it('has the newest checkpoint with a quorum of witnesses, and never goes back', async () => {
  await using both = await openBoth()
  await grow(both.log, 99)
  const early = both.log.audit.checkpoint() as string
  await grow(both.log, 100)
  const late = both.log.audit.checkpoint() as string
  const before = databaseTiles(both.reader)
  expect(await before.checkpoint()).toBe(late)
  both.log.db.prepare('INSERT INTO audit_cosigned (size, note, quorate) VALUES (100, ?, 1)').run(early)
  expect(await before.checkpoint()).toBe(late)
  expect(await databaseTiles(both.reader).checkpoint()).toBe(early)
})
