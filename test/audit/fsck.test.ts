/** Whatever was changed in the database or in its published copy, fsck names the first leaf, says what was done to it, and goes on. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkWholeLog, databaseTiles, type FsckReport } from '#audit'
import { publishLog } from '#publish'
import { openTileSource } from '#tilesources'
import type { TileSource } from '#tlog'
import { grow } from '../publish/support.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { codeOf, intent, openLog } from './support.ts'

const log = softwareLog('log.example/models')
const known = { origin: log.origin, keys: log.keys, verifier: nobleVerifier }
const LEAVES = 800 // three full tiles and an edge
const kept = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
const original = join(kept, 'home')
const published = join(kept, 'public')
afterAll(() => rmSync(kept, { recursive: true, force: true }))

beforeAll(async () => {
  mkdirSync(original)
  await using open = await openLog(original, log)
  await grow(open, 299)
  await open.db.copyTo(join(kept, 'yesterday.db'))
  await grow(open, LEAVES - 302)
  await open.audit.append(intent())
  await grow(open, 1)
  await publishLog({ source: databaseTiles(open.db), directory: published })
})

/** A copy of the log with something done to it. */
function changed(sql: string): string {
  const folder = temporaryFolder()
  const database = join(folder, 'sealstone.db')
  cpSync(join(original, 'sealstone.db'), database)
  const driver = new DatabaseSync(database)
  driver.exec(sql)
  driver.close()
  return database
}

const fsck = (database: string, copy?: string): Promise<FsckReport> =>
  checkWholeLog({ database, log: known, ...(copy === undefined ? {} : { published: openTileSource(copy) }) })

const flip = (index: number) => `UPDATE audit_leaf SET bytes = cast(replace(cast(bytes AS TEXT), '"model', '"modek') AS BLOB) WHERE idx = ${index};`
const rename = (index: number) => `UPDATE audit_leaf SET bytes = cast(replace(cast(bytes AS TEXT), 'bert', 'bart') AS BLOB) WHERE idx = ${index};`
const swap = (a: number, b: number) =>
  `UPDATE audit_leaf SET idx = -1 WHERE idx = ${a}; UPDATE audit_leaf SET idx = ${a} WHERE idx = ${b}; UPDATE audit_leaf SET idx = ${b} WHERE idx = -1;`
const flipHash = (table: string, at: number) =>
  `UPDATE audit_tile SET hashes = cast(substr(hashes, 1, ${at}) || x'00' || substr(hashes, ${at} + 2) AS BLOB) WHERE ${table};`

it('finds nothing in a log as it was written, and computes its root from the leaves alone', async () => {
  const seen: number[] = []
  const report = await checkWholeLog({ database: changed(''), log: known, onProgress: (done, total) => seen.push(done / total) })
  expect(report).toMatchObject({ origin: log.origin, size: BigInt(LEAVES), openIntents: 1, checkpoints: 1, findings: [], findingCount: 0 })
  expect(seen.at(-1)).toBe(1)
})

it('finds nothing, and then one change, among leaves of rarer forms', async () => {
  const folder = temporaryFolder()
  const names = ['modèle "β"', 'tab\tand\u001e\u001f', '名前\u{1f512}', '', '"']
  {
    await using open = await openLog(folder, log)
    for (let at = 0; at < 300; at++) await open.audit.append(intent({ modelName: names[at % names.length] ?? '' }))
    await open.audit.complete(intent())
  }
  const database = join(folder, 'sealstone.db')
  expect(await fsck(database)).toMatchObject({ size: 302n, openIntents: 301, findingCount: 0 })
  const driver = new DatabaseSync(database)
  driver.exec("UPDATE audit_leaf SET model_name = NULL WHERE model_name = '' AND idx < 20")
  driver.close()
  expect((await fsck(database)).findings).toMatchObject([4, 9, 14, 19].map((index) => ({ index: BigInt(index), changed: 'column' })))
})

it.each<[what: string, sql: string, first: object, others: number]>([
  ['a leaf that does not parse any more', flip(321), { index: 321n, changed: 'bytes' }, 0],
  ['a leaf that is another one', rename(17), { index: 17n, changed: 'bytes', detail: 'leaf 17 was changed: it is not the one in the tree' }, 0],
  ['three of them', rename(700) + rename(17) + rename(300), { index: 17n, changed: 'bytes' }, 2],
  ['two leaves swapped', swap(40, 90), { index: 40n, changed: 'order', detail: 'leaf 90 stands in the place of leaf 40' }, 1],
  ['a leaf removed', 'DELETE FROM audit_leaf WHERE idx = 600', { index: 600n, changed: 'missing' }, 0],
  ['a column', "UPDATE audit_leaf SET caller = 'local' WHERE idx = 33", { index: 33n, changed: 'column' }, 0],
  ['a hash in a tile', flipHash('level = 0 AND number = 2', 32 * 5 + 1), { index: 517n, changed: 'hash', where: 'tile 0/2' }, 0],
  ['the root of a tile', "UPDATE audit_tile SET root = x'00' WHERE level = 0 AND number = 1", { index: 256n, changed: 'hash' }, 0],
  ['a tile removed', 'DELETE FROM audit_tile WHERE level = 0 AND number = 2', { index: 512n, changed: 'missing' }, 0],
  ['a tile too many', "INSERT INTO audit_tile VALUES (2, 0, x'00', x'00')", { where: 'tiles', changed: 'surplus' }, 0],
  ['the last leaf dropped', `DELETE FROM audit_leaf WHERE idx = ${LEAVES - 1}`, { index: BigInt(LEAVES - 1), changed: 'missing' }, 3],
  ['the root in the head', "UPDATE audit_head SET root = x'00'", { where: 'head', changed: 'root' }, 0],
  ['an open intent forgotten', 'DELETE FROM audit_open_intent', { where: 'open intents', changed: 'missing' }, 0],
  ['the checkpoint', "UPDATE audit_head SET checkpoint = replace(checkpoint, char(10) || '800', char(10) || '799')", { changed: 'signature' }, 0],
  ['the log cut back', 'DELETE FROM audit_leaf WHERE idx >= 799; UPDATE audit_head SET size = 799', { where: 'head', changed: 'root' }, 1],
])('names what was changed: %s', async (_what, sql, first, others) => {
  const report = await fsck(changed(sql))
  expect(report.findings[0]).toMatchObject(first)
  expect(report.findingCount).toBe(1 + others)
})

it('judges a log by the keys that it is given, not by those beside it', async () => {
  const other = softwareLog(log.origin)
  const report = await checkWholeLog({ database: changed(''), log: { ...known, keys: other.keys } })
  expect(report.findings[0]).toMatchObject({ where: 'checkpoint', changed: 'signature' })
})

it('says how many leaves no signed checkpoint covers: an old checkpoint put back vouches for none of them', async () => {
  expect(await fsck(changed(''))).toMatchObject({ unsigned: 0n, findingCount: 0 })
  const old = `ATTACH '${join(kept, 'yesterday.db')}' AS old; UPDATE main.audit_head SET checkpoint = (SELECT checkpoint FROM old.audit_head);`
  expect(await fsck(changed(old))).toMatchObject({ unsigned: BigInt(LEAVES - 300), findingCount: 0 })
})

it('does not walk to the end of a log that the file has no room for', async () => {
  expect(await codeOf(fsck(changed('UPDATE audit_head SET size = 9007199254740993')))).toBe('AUDIT_CORRUPT')
})

it('keeps the first hundred faults and counts the others', async () => {
  const report = await fsck(changed("UPDATE audit_leaf SET caller = 'local' WHERE idx > 10"))
  expect(report.findings).toHaveLength(100)
  expect(report.findings[0]).toMatchObject({ index: 11n })
  expect(report.findingCount).toBe(LEAVES - 11)
})

it('divides a large log among threads, finds the same, and reads beside a daemon that writes', async () => {
  const folder = temporaryFolder()
  await using open = await openLog(folder, log)
  await grow(open, 4500) // two ranges
  let isDone = false
  const writing = (async () => {
    while (!isDone) await grow(open, 300)
  })()
  for (let round = 0; round < 3; round++) {
    const report = await checkWholeLog({ database: join(folder, 'sealstone.db'), log: known, threads: 2 })
    expect(report.findings).toEqual([])
    expect(report.size).toBeGreaterThan(4500n)
  }
  isDone = true
  await writing
  open.db.prepare(rename(4400)).run()
  open.db.prepare(rename(100)).run()
  const report = await checkWholeLog({ database: join(folder, 'sealstone.db'), log: known, threads: 2 })
  expect(report.findings.map(({ index, changed: what }) => [index, what])).toEqual([
    [100n, 'bytes'],
    [4400n, 'bytes'],
  ])
})

it('says that there is no log where there is none', async () => {
  expect(await codeOf(fsck(changed('DELETE FROM audit_head')))).toBe('AUDIT_CORRUPT')
})

describe('with a published copy', () => {
  /** A copy of the published files with something done to one of them. */
  function edited(path: string, edit: (bytes: Buffer) => Uint8Array | undefined): string {
    const copy = join(temporaryFolder(), 'public')
    cpSync(published, copy, { recursive: true })
    const bytes = edit(readFileSync(join(copy, path)))
    if (bytes === undefined) rmSync(join(copy, path))
    else writeFileSync(join(copy, path), bytes)
    return copy
  }
  const flipAt = (at: number) => (bytes: Buffer) => {
    bytes[at] = (bytes[at] ?? 0) ^ 1
    return bytes
  }

  it('finds nothing where both are the same, also where the copy is behind', async () => {
    expect(await fsck(changed(''), published)).toMatchObject({ published: BigInt(LEAVES), findingCount: 0 })
    const folder = temporaryFolder()
    cpSync(join(original, 'sealstone.db'), join(folder, 'sealstone.db'))
    await using open = await openLog(folder, log)
    await grow(open, 300)
    expect(await fsck(join(folder, 'sealstone.db'), published)).toMatchObject({
      size: BigInt(LEAVES + 300),
      published: BigInt(LEAVES),
      findingCount: 0,
    })
  })

  it.each<[what: string, path: string, edit: (bytes: Buffer) => Uint8Array | undefined, first: object]>([
    [
      'an entry',
      'tile/entries/002',
      flipAt(40),
      { index: 512n, changed: 'published', detail: 'leaf 512 of the published copy is not the one in the tree' },
    ],
    ['a hash', 'tile/0/002', flipAt(32 * 5), { index: 517n, changed: 'published', where: 'tile/0/002' }],
    ['a hash further up', 'tile/1/000.p/3', flipAt(32 * 2), { index: 512n, changed: 'published' }],
    ['a file that is gone', 'tile/entries/001', () => undefined, { index: 256n, changed: 'published' }],
    ['a file cut short', 'tile/0/001', (bytes) => bytes.subarray(1), { index: 256n, changed: 'published' }],
    ['the checkpoint', 'checkpoint', flipAt(80), { where: 'published checkpoint', changed: 'signature' }],
  ])('finds what was changed there: %s', async (_what, path, edit, first) => {
    const report = await fsck(changed(''), edited(path, edit))
    expect(report.findingCount).toBe(1)
    expect(report.findings[0]).toMatchObject(first)
  })

  it('says of a copy that is unmounted meanwhile that it is out of reach, and finds nothing', async () => {
    const copy = join(temporaryFolder(), 'public')
    cpSync(published, copy, { recursive: true })
    const opened = openTileSource(copy)
    const source: TileSource = {
      checkpoint: () => opened.checkpoint(),
      tile: (name) => {
        rmSync(copy, { recursive: true, force: true })
        mkdirSync(copy, { recursive: true })
        return opened.tile(name)
      },
    }
    expect(await codeOf(checkWholeLog({ database: changed(''), log: known, published: source }))).toBe('LOG_UNREACHABLE')
  })

  it('finds that the database was rolled back behind what was published', async () => {
    const report = await fsck(join(kept, 'yesterday.db'), published)
    expect(report.findings).toEqual([
      {
        where: 'published checkpoint at size 800',
        index: 300n,
        changed: 'missing',
        detail: 'the log has 300 leaves, the log keys signed 800: leaves were removed',
      },
    ])
  })
})
