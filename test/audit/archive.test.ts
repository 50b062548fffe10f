/** Old entries in cold storage are as good as those in the database, nothing leaves that before it was read back, and what is changed or missing is named. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  ActivityCounter,
  AUDIT_MIGRATIONS,
  archivableEnd,
  archiveBundles,
  checkWholeLog,
  CosignatureStore,
  databaseTiles,
  describeMove,
  LogReader,
  planArchive,
} from '#audit'
import { newOperationId, parseIdentity } from '#core'
import { type Database, openDatabase, shrinkDatabase } from '#db'
import { publishLog } from '#publish'
import { openTileSource } from '#tilesources'
import { decodeCheckpoint, type Leaf, parseNote } from '#tlog'
import { Archiver } from '../../src/daemon/archiver.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { grow, judge } from '../publish/support.ts'
import { checkReceipt, codeOf, intent, type OpenLog, openLog, outcome } from './support.ts'

const LEAVES = 1300 // five full bundles, of which three may go
const END = 768n
const DIGEST = `sha256:${'ab'.repeat(32)}`
const SIGNED = outcome({ signatures: [{ role: 'hybrid', suite: 'ecdsa-p256', keyFingerprint: 'cd'.repeat(32), digest: DIGEST }] })
const log = softwareLog('log.example/models')
const known = { origin: log.origin, keys: log.keys, verifier: nobleVerifier }
const start = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
const [home, moved, cold] = [join(start, 'home'), join(start, 'moved'), join(start, 'cold')]
afterAll(() => rmSync(start, { recursive: true, force: true }))

/** One log as it was, and one whose old entries were moved. */
beforeAll(async () => {
  mkdirSync(home)
  {
    await using open = await openLog(home, log)
    await open.audit.append(intent({ modelName: 'Modèle "β"', caller: parseIdentity('early.example') }))
    await open.audit.append({ ...SIGNED, modelDigest: DIGEST })
    await grow(open, LEAVES - 105)
    await recordMove(open, END, cold)
    await grow(open, 100)
  }
  cpSync(home, moved, { recursive: true })
  await archive(moved, cold)
})

/** As whoever moves entries writes it into the log before. */
async function recordMove({ audit }: OpenLog, end: bigint, directory: string): Promise<void> {
  const members = { operation: 'audit.archive', reason: describeMove({ start: 0n, end, root: new Uint8Array(32) }, directory) }
  const move = intent(members)
  await audit.append(move)
  await audit.append(outcome({ ...members, operationId: move.operationId }))
}

async function archive(folder: string, directory: string, end = END): Promise<number> {
  const db = openDatabase(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
  try {
    const source = databaseTiles(db, directory)
    await publishLog({ source, directory, isPrivate: true })
    const signed = decodeCheckpoint(parseNote(await source.checkpoint()).text)
    const report = await archiveBundles({ db, cold: directory, signed, end })
    return report.moved
  } finally {
    db.close()
    await shrinkDatabase(join(folder, 'sealstone.db'))
  }
}

/** A copy of the moved log and its cold storage, with something done to it. */
function copy(): { folder: string; directory: string; bundle: (number: number) => string } {
  const folder = temporaryFolder()
  cpSync(moved, folder, { recursive: true })
  const directory = join(folder, 'cold')
  cpSync(cold, directory, { recursive: true })
  return { folder, directory, bundle: (number) => join(directory, `tile/entries/00${number}`) }
}

const fsck = (folder: string, directory?: string) =>
  checkWholeLog({ database: join(folder, 'sealstone.db'), log: known, ...(directory === undefined ? {} : { cold: directory }) })
const withDb = <Result>(folder: string, work: (db: Database) => Result): Result => {
  const db = openDatabase(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
  try {
    return work(db)
  } finally {
    db.close()
  }
}
const archivedIn = (folder: string): number =>
  withDb(folder, (db) => db.prepare('SELECT count(*) AS count FROM audit_leaf WHERE octet_length(bytes) = 0').get()?.['count'] as number)

describe('a log whose old entries are in cold storage', () => {
  it('has a smaller database, the same root, and files that only their owner reads', async () => {
    const [before, after] = [home, moved].map((folder) => statSync(join(folder, 'sealstone.db')).size) as [number, number]
    expect(archivedIn(moved)).toBe(Number(END) - 1) // the open intent stays
    expect(after).toBeLessThan(before * 0.75)
    const [whole, cut] = [await fsck(home), await fsck(moved, cold)]
    expect(cut).toEqual(whole)
    expect(cut).toMatchObject({ size: BigInt(LEAVES), openIntents: 1, findingCount: 0 })
    expect([cold, join(cold, 'tile/entries'), join(cold, 'tile/entries/000')].map((path) => statSync(path).mode & 0o777)).toEqual([
      0o700, 0o700, 0o600,
    ])
    expect(await judge(cold, log)).toBe(BigInt(LEAVES)) // whoever has the log's keys can verify it
  })

  it('lists, searches, counts and publishes them as before, and gives receipts', async () => {
    const folders = [home, moved]
    const directory = [undefined, cold]
    const seen = await Promise.all(
      folders.map(async (folder, at) => {
        const db = openDatabase(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
        const reader = new LogReader(db, directory[at])
        const counter = new ActivityCounter(db, directory[at])
        while (counter.step(100));
        const words = (...all: string[]) => reader.search({ limit: 5, words: all }, 1000).entries.map(({ index }) => index)
        const published = temporaryFolder()
        await publishLog({ source: databaseTiles(db, directory[at]), directory: published })
        const facts = {
          found: [words('modèle \\"β'), words('EARLY.example', 'bert'), words('early.EXAMPLE'), words('nowhere')],
          signed: counter.read({ buckets: 1000 }).signed.reduce((sum, count) => sum + count, 0),
          published: await judge(published, log),
          bundle: readFileSync(join(published, 'tile/entries/000')),
        }
        db.close()
        return facts
      }),
    )
    expect(seen[1]).toEqual(seen[0])
    expect(seen[1]).toMatchObject({ signed: 1, published: BigInt(LEAVES) })

    await using open = await openLog(moved, log, { cold })
    const entries = [...open.audit.entries()]
    expect(entries.length).toBe(LEAVES)
    expect(entries[1]?.leaf).toMatchObject({ modelName: 'Modèle "β"' } satisfies Partial<Leaf>)
    expect([...open.audit.entries({ caller: 'early.example' })].map(({ index }) => index)).toEqual([1n])
    expect([...open.audit.entries({ modelPattern: 'Mod*' })].map(({ index }) => index)).toEqual([1n])
    expect([...open.audit.entries({ modelDigest: 'ab'.repeat(32) })].map(({ index }) => index)).toEqual([2n])
    for (const index of [0n, 255n, 256n, END - 1n, END]) expect(checkReceipt(await open.audit.receipt(index), log).index).toBe(index)
  })

  it('keeps what a start reads in the database: open intents, and when the daemon ran', async () => {
    const { folder, directory } = copy()
    {
      await using open = await openLog(folder, log, { cold: directory })
      for (const kind of ['daemon-start', 'daemon-stop'] as const) await open.audit.append({ ...intent(), kind, operation: 'serve' })
      await grow(open, 900)
    }
    await archive(folder, directory, 2048n)
    rmSync(directory, { recursive: true })
    await using open = await openLog(folder, log, { cold: directory })
    expect([...open.audit.entries({ kind: 'daemon-start' }), ...open.audit.entries({ kind: 'daemon-stop' })].map(({ index }) => index)).toEqual([
      1300n,
      1301n,
    ])
    expect(await open.audit.recover()).toBe(1)
  })

  it('goes on growing, and more of it can be moved into the same directory', async () => {
    const { folder, directory } = copy()
    {
      await using open = await openLog(folder, log, { cold: directory })
      await grow(open, 600)
    }
    expect(await archive(folder, directory, 1280n)).toBe(512)
    expect(await archive(folder, directory, 1280n)).toBe(0)
    expect(await fsck(folder, directory)).toMatchObject({ size: BigInt(LEAVES + 600), findingCount: 0 })
    expect(await judge(directory, log)).toBe(BigInt(LEAVES + 600))
  })

  it('keeps its last bundles in the database, and moves whole ones only', () => {
    withDb(home, (db) => {
      expect(archivableEnd(db, BigInt(LEAVES), {})).toBe(END)
      expect(archivableEnd(db, BigInt(LEAVES), { before: 700n })).toBe(512n)
      expect(archivableEnd(db, BigInt(LEAVES), { before: 9000n })).toBe(END)
      expect(archivableEnd(db, 700n, {})).toBe(0n) // signed is less than there is
      expect(archivableEnd(db, 256n, {})).toBe(0n)
      expect(archivableEnd(db, BigInt(LEAVES), { olderThan: new Date(0) })).toBe(0n)
      expect(archivableEnd(db, BigInt(LEAVES), { olderThan: new Date('9999-01-01') })).toBe(END)
    })
  })
})

describe('cold storage that is away', () => {
  it('is no fault of the log: all else is checked, and what could not be looked at is counted', async () => {
    const { folder, directory, bundle } = copy()
    renameSync(directory, `${directory}.away`)
    const detail = `leaves 0 to 255 are in ${bundle(0)}, which cannot be read (ENOENT)`
    expect(await fsck(folder, directory)).toMatchObject({ findings: [], findingCount: 0, unread: { bundles: 3, detail } })
    mkdirSync(directory) // as where nothing is mounted
    expect(await fsck(folder, directory)).toMatchObject({ findings: [], findingCount: 0, unread: { bundles: 3, detail } })
    withDb(folder, (db) => db.prepare("UPDATE audit_leaf SET caller = 'local' WHERE idx IN (100, 1000)").run())
    expect(await fsck(folder, directory)).toMatchObject({ findings: [{ index: 1000n, changed: 'column' }], findingCount: 1, unread: { bundles: 3 } })
    withDb(folder, (db) => db.prepare("UPDATE audit_leaf SET bytes = x'' WHERE idx = 801").run()) // a leaf alone is never moved
    expect(await fsck(folder, directory)).toMatchObject({ findings: [{ index: 768n, changed: 'missing' }], unread: { bundles: 3 } })
    rmSync(directory, { recursive: true })
    renameSync(`${directory}.away`, directory)
    expect(await fsck(folder, directory)).toMatchObject({ findings: [{ index: 100n }, { index: 1000n }], findingCount: 2 })
  })

  it('is no excuse for a bundle that by the log was never moved', async () => {
    const { folder, directory } = copy()
    renameSync(directory, `${directory}.away`)
    withDb(folder, (db) => db.prepare("UPDATE audit_leaf SET bytes = x'' WHERE idx BETWEEN 768 AND 1023").run())
    const detail = 'leaves 768 to 1023 are not in the database, and by the log only leaves before 768 were moved to cold storage'
    const findings = [{ where: 'tile/entries/003', index: 768n, changed: 'missing', detail }]
    expect(await fsck(folder, directory)).toMatchObject({ findings, findingCount: 1, unread: { bundles: 3 } })
  })

  it('is none for the first one either, where by the log nothing was ever moved', async () => {
    const folder = temporaryFolder()
    {
      await using open = await openLog(folder, log)
      await grow(open, 599)
    }
    withDb(folder, (db) => db.prepare("UPDATE audit_leaf SET bytes = x'' WHERE idx < 256").run())
    const report = await fsck(folder, join(folder, 'cold'))
    expect(report.findings).toMatchObject([{ where: 'tile/entries/000', index: 0n, changed: 'missing' }])
    expect(report.findings[0]?.detail).toContain('by the log nothing was ever moved')
    expect(report.unread).toBeUndefined()
  })

  it('from the middle of a check on is no fault of the checkpoints that look back at its leaves', async () => {
    const folder = temporaryFolder()
    const directory = join(folder, 'cold')
    {
      await using open = await openLog(folder, log)
      await grow(open, 255)
      // The first of its bundle, and one that stays in the database.
      await open.audit.append({ kind: 'daemon-start', operationId: newOperationId(), caller: parseIdentity('local'), operation: 'daemon.start' })
      await grow(open, 43)
      new CosignatureStore(open.db).saveStamped({ size: 300n, note: open.audit.checkpoint() ?? '', time: 0 })
      await grow(open, LEAVES - 300)
    }
    await archive(folder, directory)
    const lost = await checkWholeLog({
      database: join(folder, 'sealstone.db'),
      log: known,
      cold: directory,
      onProgress: () => rmSync(directory, { recursive: true }),
    })
    expect(lost).toMatchObject({ findings: [], checkpoints: 2, size: BigInt(LEAVES) })
    expect(lost.unread).toBeUndefined()
  })
})

describe('a run that moves old entries', () => {
  it('can be called off while it looks what there is to move, and leaves everything where it is', async () => {
    const { folder } = copy()
    const db = openDatabase(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
    onTestFinished(() => db.close())
    const signed = decodeCheckpoint(parseNote(await databaseTiles(db).checkpoint()).text)
    const stop = new AbortController()
    const planning = planArchive(db, signed, {}, stop.signal)
    stop.abort() // it has begun, and gives way before its first step ends
    expect(await codeOf(planning)).toBe('CANCELLED')
    expect(await planArchive(db, signed, {})).toMatchObject({ start: END, end: END })
    expect(archivedIn(folder)).toBe(archivedIn(moved))
  })

  it('called off so in a daemon gives way to the next one', async () => {
    const { folder, directory } = copy()
    const archiver = new Archiver({ database: join(folder, 'sealstone.db'), directory, log: { origin: log.origin, keys: log.keys } })
    expect(await codeOf(archiver.open({}, AbortSignal.abort()))).toBe('CANCELLED')
    await using run = await archiver.open({}, new AbortController().signal)
    expect(run.plan).toMatchObject({ start: END, end: END, size: BigInt(LEAVES) })
  })
})

describe('a bundle in cold storage', () => {
  it('that is missing is named by fsck, and by whoever reads an entry of it; the others are read', async () => {
    const { folder, directory, bundle } = copy()
    rmSync(bundle(1))
    const { findings, findingCount } = await fsck(folder, directory)
    expect({ findings, findingCount }).toMatchObject({ findings: [{ where: 'tile/entries/001', index: 256n, changed: 'missing' }], findingCount: 1 })
    expect(findings[0]?.detail).toBe(`leaves 256 to 511 are in ${bundle(1)}, which cannot be read (ENOENT)`)
    await using open = await openLog(folder, log, { cold: directory })
    expect(await codeOf(async () => open.audit.receipt(300n))).toBe('COLD_STORAGE_UNREADABLE')
    expect(checkReceipt(await open.audit.receipt(600n), log).index).toBe(600n)
    expect(await codeOf(() => [...open.audit.entries()])).toBe('COLD_STORAGE_UNREADABLE')
  })

  it('is missed where no directory is configured', async () => {
    const { folder } = copy()
    const { findings, findingCount } = await fsck(folder)
    expect(findingCount).toBe(3)
    expect(findings[0]?.detail).toBe('leaves 0 to 255 were moved to cold storage, and audit.cold of config.toml names none')
  })

  it.each<[what: string, change: (bytes: Buffer) => Buffer, first: object]>([
    ['one byte of a leaf', (bytes) => Buffer.from(bytes.toString('latin1').replace('"model', '"modek'), 'latin1'), { index: 256n, changed: 'bytes' }],
    ['the name of a model', (bytes) => Buffer.from(bytes.toString('latin1').replace('bert', 'bart'), 'latin1'), { changed: 'bytes' }],
    ['its end', (bytes) => bytes.subarray(0, bytes.length - 1), { index: 256n, changed: 'bytes', where: 'tile/entries/001' }],
    ['all of it', () => Buffer.from('nothing'), { index: 256n, changed: 'bytes', where: 'tile/entries/001' }],
  ])('that was changed is named: %s', async (_what, change, first) => {
    const { folder, directory, bundle } = copy()
    writeFileSync(bundle(1), change(readFileSync(bundle(1))))
    const { findings, findingCount } = await fsck(folder, directory)
    expect({ findings, findingCount }).toMatchObject({ findings: [first], findingCount: 1 })
    expect(findings[0]?.detail).toContain(bundle(1))
    await using open = await openLog(folder, log, { cold: directory })
    expect(await codeOf(async () => open.audit.receipt(300n))).toBe('AUDIT_CORRUPT')
    await expect(open.audit.receipt(300n)).rejects.toThrow(bundle(1))
  })

  it('cannot stand for what was changed in the database: columns, tiles and emptied rows are found', async () => {
    const changes: readonly [sql: string, changed: string][] = [
      ["UPDATE audit_leaf SET caller = 'local' WHERE idx = 33", 'column'],
      ['UPDATE audit_leaf SET time = time + 1 WHERE idx = 33', 'column'],
      ["UPDATE audit_tile SET root = x'00' WHERE level = 0 AND number = 1", 'hash'],
      ['DELETE FROM audit_leaf WHERE idx = 300', 'missing'],
      ["UPDATE audit_leaf SET bytes = x'' WHERE idx = 1299", 'missing'],
      ["UPDATE audit_leaf SET bytes = x'00' WHERE idx = 300", 'bytes'],
    ]
    for (const [sql, changed] of changes) {
      const { folder, directory } = copy()
      withDb(folder, (db) => db.prepare(sql).run())
      expect((await fsck(folder, directory)).findings[0], sql).toMatchObject({ changed })
    }
  })
})

describe('nothing leaves the database', () => {
  const attempt = async (change: (folder: string, directory: string) => void): Promise<{ code: string; left: number }> => {
    const folder = temporaryFolder()
    cpSync(home, folder, { recursive: true })
    const directory = join(folder, 'cold')
    withDb(folder, () => {})
    const db = openDatabase(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
    await publishLog({ source: databaseTiles(db), directory, isPrivate: true })
    db.close()
    change(folder, directory)
    const code = await codeOf(async () => archive(folder, directory))
    return { code, left: archivedIn(folder) }
  }
  const sql = (statement: string) => (folder: string) => void withDb(folder, (db) => db.prepare(statement).run())

  it.each<[what: string, change: (folder: string, directory: string) => void, code: string]>([
    ['whose bundle was changed since it was written', (_, directory) => writeFileSync(join(directory, 'tile/entries/000'), 'x'), 'AUDIT_CORRUPT'],
    ['whose bundle is gone', (_, directory) => rmSync(join(directory, 'tile/entries/000')), 'COLD_STORAGE_UNREADABLE'],
    ['that is another leaf than in the tree', sql("UPDATE audit_leaf SET bytes = x'7b7d' WHERE idx = 3"), 'AUDIT_CORRUPT'],
    ['that lacks a leaf', sql('DELETE FROM audit_leaf WHERE idx = 3'), 'AUDIT_CORRUPT'],
    ['whose tile is not the one that was signed', sql('UPDATE audit_tile SET root = zeroblob(32) WHERE level = 0 AND number = 0'), 'LOG_FORKED'],
    [
      'where the directory has another log',
      (_, directory) => cpSync(join(directory, 'tile/entries/001'), join(directory, 'tile/entries/000')),
      'AUDIT_CORRUPT',
    ],
  ])('%s', async (_what, change, code) => {
    expect(await attempt(change)).toEqual({ code, left: 0 })
  })
})

it('a reader with the directory alone proves an old entry', async () => {
  const { withTileNodes, inclusionProof, readEntryBundle } = await import('#tlog')
  const source = openTileSource(cold)
  const size = BigInt(LEAVES)
  expect((await withTileNodes(source, size, (node) => inclusionProof(3n, size, node))).length).toBeGreaterThan(8)
  expect((await readEntryBundle(source, size, 0n)).entries.length).toBe(256)
})
