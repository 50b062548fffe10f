/** Tamper drills: somebody with write access to the database, to the published files or to the log keys. Each is caught, and the test says by whom. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { AUDIT_MIGRATIONS, checkWholeLog, databaseTiles } from '#audit'
import { verifyLogged } from '#client/offline'
import { openDatabaseForReading } from '#db'
import { parseTrustFile } from '#envelopes'
import { diffLogs, proveEntry } from '#monitor'
import { publishLog } from '#publish'
import { nativeEngine } from '#suites/native'
import { openTileSource } from '#tilesources'
import { formatNote, parseNote, standaloneProof } from '#tlog'
import { codeOf, openLog } from '../audit/support.ts'
import { softwareSigner } from '../support/model-signer.ts'
import { tinyModel } from '../support/models.ts'
import { run, temporaryFolder } from '../support/sealstone.ts'
import { softwareLog } from '../support/software-log.ts'
import { editLeaf, leavesOf, makeStage, ORIGIN, reader, signLeaves, type Stage, writeLogFiles } from './support.ts'

const SIGNINGS = 150 // 301 entries: over the end of a full tile
const FLIP = `bytes = cast(replace(cast(bytes AS TEXT), '"modelName":"bert"', '"modelName":"bart"') AS BLOB)`
const SWAP =
  'UPDATE audit_leaf SET idx = 9999 WHERE idx = 9; UPDATE audit_leaf SET idx = 9 WHERE idx = 10; UPDATE audit_leaf SET idx = 10 WHERE idx = 9999'

describe('the database', () => {
  it.each([
    ['one byte of a leaf', `UPDATE audit_leaf SET ${FLIP} WHERE idx = 7`, ['start', 'fsck', 'publisher']],
    ['one byte of a leaf at the right edge', `UPDATE audit_leaf SET ${FLIP} WHERE idx = 299`, ['start', 'fsck', 'publisher']],
    ['the last leaf dropped', 'DELETE FROM audit_leaf WHERE idx = 300', ['start', 'fsck', 'publisher']],
    ['two leaves swapped', SWAP, ['start', 'fsck', 'publisher']],
    ['one byte of a full tile of hashes', `UPDATE audit_tile SET hashes = zeroblob(8192)`, ['start', 'fsck']],
  ])('%s: caught', async (_, sql, catchers) => {
    const stage = makeStage()
    await stage.sign(SIGNINGS)
    const fresh = join(stage.path, 'fresh')
    change(stage, sql)
    const caught = [
      ...((await codeOf(() => opened(stage))) === 'AUDIT_CORRUPT' ? ['start'] : []),
      ...((await fsck(stage)).length > 0 ? ['fsck'] : []),
      ...(/AUDIT_CORRUPT|TILE_MISSING/.test(await codeOf(() => publishInto(stage, fresh))) ? ['publisher'] : []),
    ]
    expect(caught).toEqual(catchers)
  })

  it("rolled back to yesterday's copy: it matches itself; caught by the publisher, a monitor and whoever has a receipt", async () => {
    const stage = makeStage()
    await stage.sign(2)
    const yesterday = join(stage.path, 'yesterday')
    cpSync(stage.state, yesterday, { recursive: true })
    await stage.sign(2)
    const receipt = join(stage.path, 'receipt.txt')
    await stage.use(async ({ audit }) => writeFileSync(receipt, standaloneProof(await audit.receipt(8n))))
    const monitor = reader(stage.known)
    expect(await monitor.look(stage.published)).toEqual([])

    rmSync(stage.state, { recursive: true })
    cpSync(yesterday, stage.state, { recursive: true })
    expect(await fsck(stage)).toEqual([])
    expect(await codeOf(() => publishInto(stage, stage.published))).toBe('LOG_ROLLED_BACK')
    const elsewhere = join(stage.path, 'elsewhere')
    await publishInto(stage, elsewhere)
    expect(await monitor.look(elsewhere)).toEqual(['rollback'])
    expect(await run(['audit', 'verify', receipt, '--trust', stage.trust, '--log', elsewhere])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('it had 9'),
    })

    // And when it has grown again past what was seen.
    const later = makeStage(stage.log)
    rmSync(later.state, { recursive: true })
    cpSync(yesterday, later.state, { recursive: true })
    await later.sign(4)
    expect(await monitor.look(later.published)).toEqual(['fork'])
    expect(await codeOf(() => publishInto(later, stage.published))).toMatch(/LOG_FORKED|AUDIT_CORRUPT/)
  })
})

describe('the published files, without the log keys', () => {
  it('one byte of a leaf: caught by fsck of the copy, by a monitor that reads it, and by whoever asks for its proof', async () => {
    const stage = await published()
    const bundle = join(stage.published, 'tile/entries/000')
    writeFileSync(bundle, Buffer.from(readFileSync(bundle, 'latin1').replace('"modelName":"bert"', '"modelName":"bart"'), 'latin1'))
    expect(await reader(stage.known).look(stage.published)).toEqual(['entries-changed'])
    expect([await fsck(stage), await fsck(stage, 'published')]).toEqual([[], ['published']])
    const changed = await codeOf(() => proveEntry(openTileSource(stage.published), stage.known, 1n))
    expect(changed).toBe('VERIFICATION_FAILED')
  })

  it('a leaf and all tiles with it, the checkpoint as it was: caught by a monitor and whoever asks for a proof', async () => {
    const stage = await published()
    const leaves = await leavesOf(stage.published)
    writeLogFiles(stage.published, leaves.with(7, editLeaf(leaves[7], { modelName: 'bart' })), noteOf(stage))
    expect(await reader(stage.known).look(stage.published)).toEqual(['entries-changed'])
    for (const index of [7n, 300n])
      expect(await codeOf(() => proveEntry(openTileSource(stage.published), stage.known, index))).toBe('VERIFICATION_FAILED')
  })

  it('two leaves swapped with their hashes: caught by a monitor', async () => {
    const stage = await published()
    const leaves = await leavesOf(stage.published)
    writeLogFiles(stage.published, leaves.with(9, leaves[10] as Uint8Array).with(10, leaves[9] as Uint8Array), noteOf(stage))
    expect(await reader(stage.known).look(stage.published)).toEqual(['entries-changed'])
  })

  it('the last leaf dropped, under the old checkpoint or an older one: caught by a monitor', async () => {
    const stage = makeStage()
    await stage.sign(2)
    const older = noteOf(stage)
    const monitor = reader(stage.known)
    await stage.sign(1)
    const leaves = await leavesOf(stage.published)
    writeLogFiles(stage.published, leaves.slice(0, -1), noteOf(stage))
    expect(await monitor.look(stage.published)).toEqual(['part-missing'])
    writeLogFiles(stage.published, leaves, noteOf(stage))
    expect(await monitor.look(stage.published)).toEqual([])
    writeLogFiles(stage.published, leaves.slice(0, 5), older)
    expect(await monitor.look(stage.published)).toEqual(['rollback'])
  })

  it('the tiles but not the database: the database is well; caught by fsck of the copy, by whoever asks for a proof, and by a monitor as soon as the log grows', async () => {
    const stage = await published()
    const monitor = reader(stage.known)
    expect(await monitor.look(stage.published)).toEqual([])
    const tile = join(stage.published, 'tile/1/000.p/1')
    writeFileSync(tile, readFileSync(tile).fill(0, 0, 1))
    expect([await fsck(stage), await fsck(stage, 'published')]).toEqual([[], ['published']])
    expect(await codeOf(() => proveEntry(openTileSource(stage.published), stage.known, 300n))).toBe('VERIFICATION_FAILED')
    const grown = makeStage(stage.log)
    rmSync(grown.state, { recursive: true })
    cpSync(stage.state, grown.state, { recursive: true })
    cpSync(stage.published, grown.published, { recursive: true })
    await grown.sign(1)
    expect(await monitor.look(grown.published)).toEqual(['entries-changed'])
  })

  it('a checkpoint with one of its two signatures: caught by a monitor and by a verifier', async () => {
    const stage = makeStage()
    await stage.sign(2)
    const leaves = await leavesOf(stage.published)
    const thief = softwareLog(ORIGIN)
    const forged = leaves.with(2, editLeaf(leaves[2], { modelName: 'bart' }))
    const own = parseNote(signLeaves(stage.log, forged))
    const stolen = [0, 1].map((at) => own.signatures[at]).filter((line) => line !== undefined)
    const other = parseNote(signLeaves(thief, forged)).signatures
    for (const [one, two] of [
      [stolen[0], other[1]],
      [stolen[1], other[0]],
      [stolen[0], undefined],
      [stolen[1], undefined],
    ]) {
      const note = formatNote({ text: own.text, signatures: [one, two].filter((line) => line !== undefined) })
      writeLogFiles(stage.published, forged, note)
      expect(await reader(stage.known).look(stage.published)).toEqual(['checkpoint-invalid'])
      expect(await codeOf(() => proveEntry(openTileSource(stage.published), stage.known, 2n))).toBe('VERIFICATION_FAILED')
    }
  })
})

describe('with both log keys', () => {
  it.each<[string, (leaves: Uint8Array[]) => Uint8Array[], string]>([
    ['a leaf changed', (leaves) => leaves.with(2, editLeaf(leaves[2], { modelName: 'bart' })), 'fork'],
    ['two leaves swapped', (leaves) => leaves.with(1, leaves[2] as Uint8Array).with(2, leaves[1] as Uint8Array), 'fork'],
    ['the last leaf dropped', (leaves) => leaves.slice(0, -1), 'rollback'],
    ['the last leaf exchanged for others', (leaves) => [...leaves.slice(0, -1), ...leaves.slice(1, 3)], 'fork'],
  ])('%s and everything signed anew: caught by a monitor that saw it before', async (_, edit, kind) => {
    const stage = makeStage()
    await stage.sign(2)
    const monitor = reader(stage.known)
    expect(await monitor.look(stage.published)).toEqual([])
    const forged = edit(await leavesOf(stage.published))
    writeLogFiles(stage.published, forged, signLeaves(stage.log, forged))
    expect(await monitor.look(stage.published)).toEqual([kind])
  })

  it('two forks for two readers: each is content; caught when the two compare what they believe', async () => {
    const log = softwareLog(ORIGIN)
    const [one, two] = [makeStage(log), makeStage(log)]
    await one.sign(2)
    await two.sign(3)
    const [alice, bob] = [reader(one.known), reader(two.known)]
    expect([await alice.look(one.published), await bob.look(two.published)]).toEqual([[], []])
    const source = openTileSource(two.published)
    expect(await diffLogs({ note: alice.believes() }, { note: bob.believes(), source }, one.known)).toMatchObject({ kind: 'forked' })
    expect(await alice.look(two.published)).toEqual(['fork'])
  })
})

describe('a signature', () => {
  it('with an old receipt of another one: caught by every verifier', async () => {
    using folder = temporaryFolder()
    const signer = softwareSigner()
    const model = tinyModel(join(folder.path, 'model'))
    const file = join(model, 'model.hybrid.sig')
    const trust = join(folder.path, 'trust.json')
    writeFileSync(trust, signer.trustBytes)
    await signer.signInto(model)
    const { receipt } = JSON.parse(readFileSync(file, 'utf8')) as { receipt: object }
    await signer.signInto(model)
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), receipt }))
    const verdict = await verifyLogged(file, parseTrustFile(signer.trustBytes, nativeEngine()), { now: new Date() })
    expect(verdict).toMatchObject({
      ok: false,
      checks: expect.arrayContaining([expect.objectContaining({ name: 'receipt-leaf', status: 'failed' })]),
    })
    expect(await run(['verify', model, '--trust', trust])).toMatchObject({ code: 1, stdout: expect.stringMatching(/receipt-leaf/) })
  })
})

async function published(): Promise<Stage> {
  const stage = makeStage()
  await stage.sign(SIGNINGS)
  return stage
}

function change({ state }: Stage, sql: string): void {
  const database = new DatabaseSync(join(state, 'sealstone.db'))
  database.exec(sql)
  database.close()
}

function noteOf({ published: folder }: Stage): string {
  return readFileSync(join(folder, 'checkpoint'), 'utf8')
}

/** As the daemon opens it. */
async function opened({ state, log }: Stage): Promise<void> {
  await using _open = await openLog(state, log)
}

/** `audit fsck`, of the database and of what is published if it is asked for: the names of what it finds. */
async function fsck({ state, known, published: folder }: Stage, copy?: 'published'): Promise<string[]> {
  const source = copy === undefined ? {} : { published: openTileSource(folder) }
  const { findings } = await checkWholeLog({ database: join(state, 'sealstone.db'), log: known, ...source, threads: 1 })
  return [...new Set(findings.map(({ changed }) => changed))]
}

async function publishInto({ state }: Stage, directory: string): Promise<void> {
  const db = openDatabaseForReading(join(state, 'sealstone.db'), AUDIT_MIGRATIONS)
  try {
    await publishLog({ source: databaseTiles(db), directory })
  } finally {
    db.close()
  }
}
