/** `audit verify` and `audit prove`: one signature, one entry, one step of growth, checked without a daemon by the real command line. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTileSource } from '#tilesources'
import { proveConsistency, proveEntry } from '#monitor'
import { parseTlogProof, standaloneProof, verifyConsistency, verifyTlogProof } from '#tlog'
import { softwareSigner } from '../support/model-signer.ts'
import { tinyModel } from '../support/models.ts'
import { run, temporaryFolder } from '../support/sealstone.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { makeStage, ORIGIN } from './support.ts'

describe('audit verify', () => {
  it('tells that a signature is in the log, and what the log says of it', async () => {
    using folder = temporaryFolder()
    const { file, trust } = await signedModel(folder.path)
    const { code, stdout, stderr } = await run(['audit', 'verify', file, '--trust', trust])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^OK {2}/)
    for (const fact of [
      'entry 3 of log.example/models',
      'signed by both log keys',
      'the leaf names this signature',
      'local asked for sign',
      'result: ok',
    ])
      expect(stdout).toContain(fact)
    const json = await run(['audit', 'verify', file, '--trust', trust, '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, document: 'signature', entry: { index: 3, kind: 'outcome', key: 'default' } })
  })

  it('refuses the receipt of another signature in its place', async () => {
    using folder = temporaryFolder()
    const { file, trust, signer, model } = await signedModel(folder.path)
    const first = JSON.parse(readFileSync(file, 'utf8')) as { receipt: object }
    await signer.signInto(model)
    const second = JSON.parse(readFileSync(file, 'utf8')) as object
    writeFileSync(file, JSON.stringify({ ...second, receipt: first.receipt }))
    const { code, stdout, stderr } = await run(['audit', 'verify', file, '--trust', trust])
    expect(code).toBe(1)
    expect(stdout).toMatch(/failed +receipt-leaf +the leaf names another signature: sha256:/)
    expect(stderr).toMatch(/^error: .*another signature.*\nhint: /)
  })

  it('takes a receipt as text, which holds its entry, and as JSON', async () => {
    const stage = makeStage()
    await stage.sign(2)
    const receipts: [string, string][] = []
    await stage.use(async ({ audit }) => {
      const receipt = await audit.receipt(2n)
      receipts.push(['receipt.txt', standaloneProof(receipt)])
      receipts.push(['receipt.json', JSON.stringify({ index: 2, leaf: Buffer.from(receipt.leaf).toString('base64'), proof: receipt.proof })])
    })
    await stage.sign(1)
    for (const [name, text] of receipts) {
      const file = join(stage.path, name)
      writeFileSync(file, text)
      const { code, stdout, stderr } = await run(['audit', 'verify', file, '--trust', stage.trust, '--log', stage.published])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain('entry 2 (outcome)')
      expect(stdout).toContain('has 7 entries and still contains it')
    }
  })

  it('refuses a receipt whose entry was changed, or that another log signed', async () => {
    const stage = makeStage()
    await stage.sign(2)
    const file = join(stage.path, 'receipt.txt')
    await stage.use(async ({ audit }) => {
      const { proof, leaf } = await audit.receipt(2n)
      writeFileSync(file, standaloneProof({ proof, leaf: Buffer.from(Buffer.from(leaf).toString().replace('bert', 'gpt2')) }))
    })
    const changed = await run(['audit', 'verify', file, '--trust', stage.trust])
    expect(changed).toMatchObject({ code: 1, stdout: expect.stringContaining('entry 2 is not proven to be in') })
    const other = makeStage(softwareLog(ORIGIN))
    const foreign = await run(['audit', 'verify', file, '--trust', other.trust])
    expect(foreign).toMatchObject({ code: 1, stdout: expect.stringContaining('no ed25519 signature by a known log key') })
  })

  it('with --log refuses a log that was rewritten or is shorter than the receipt', async () => {
    const log = softwareLog(ORIGIN)
    const [honest, other] = [makeStage(log), makeStage(log)]
    await honest.sign(3)
    await other.sign(5)
    const file = join(honest.path, 'receipt.txt')
    await honest.use(async ({ audit }) => writeFileSync(file, standaloneProof(await audit.receipt(2n))))
    const forked = await run(['audit', 'verify', file, '--trust', honest.trust, '--log', other.published])
    expect(forked).toMatchObject({ code: 1, stdout: expect.stringContaining('was rewritten') })
    const short = makeStage(log)
    await short.sign(1)
    const rolledBack = await run(['audit', 'verify', file, '--trust', honest.trust, '--log', short.published])
    expect(rolledBack).toMatchObject({ code: 1, stdout: expect.stringContaining('has 3 entries') })
  })

  it('calls a log that cannot be read, a file of another kind and a missing file by their names', async () => {
    using folder = temporaryFolder()
    const { file, trust } = await signedModel(folder.path)
    const gone = await run(['audit', 'verify', file, '--trust', trust, '--log', join(folder.path, 'nowhere')])
    expect(gone).toMatchObject({ code: 3, stderr: expect.stringContaining('cannot be read (ENOENT)') })
    expect((await run(['audit', 'verify', trust, '--trust', trust])).stderr).toMatch(/neither a hybrid signature nor a receipt\nhint: name/)
    const noDocument = join(folder.path, 'weights.bin')
    writeFileSync(noDocument, 'weights')
    const wrong = await run(['audit', 'verify', noDocument, '--trust', trust])
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/weights\.bin" is neither a hybrid signature nor a receipt: not valid JSON .*\nhint: name/),
    })
    expect((await run(['audit', 'verify', join(folder.path, 'none'), '--trust', trust])).code).toBe(2)
  })
})

describe('audit prove', () => {
  it('makes an inclusion proof for every entry that a stranger can check', async () => {
    const stage = makeStage()
    await stage.sign(140) // past one full tile
    const source = openTileSource(stage.published)
    for (const index of [0n, 1n, 255n, 256n, 280n]) {
      const { proof, leaf } = await proveEntry(source, stage.known, index)
      const parsed = parseTlogProof(proof)
      expect(parsed.index).toBe(index)
      expect(verifyTlogProof(parsed, leaf, stage.log.keys, nobleVerifier).size).toBe(281n)
    }
  })

  it('writes one that audit verify takes', async () => {
    const stage = makeStage()
    await stage.sign(2)
    const file = join(stage.path, 'proof.txt')
    const made = await run(['audit', 'prove', '3', '--log', stage.published, '--trust', stage.trust, '-o', file])
    expect(made.code).toBe(0)
    expect((await run(['audit', 'verify', file, '--trust', stage.trust])).code).toBe(0)
    const beyond = await run(['audit', 'prove', '5', '--log', stage.published, '--trust', stage.trust])
    expect(beyond).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('the log has 5 entries') })
  })

  it('makes a consistency proof between sizes, and from a kept checkpoint to today', async () => {
    const stage = makeStage()
    await stage.sign(2)
    const kept = join(stage.path, 'kept.checkpoint')
    writeFileSync(kept, readFileSync(join(stage.published, 'checkpoint')))
    await stage.sign(130)
    const { from, to, proof } = await proveConsistency(openTileSource(stage.published), stage.known, 3n, 100n)
    expect(verifyConsistency({ oldSize: 3n, newSize: 100n, oldRoot: from.root, newRoot: to.root, proof })).toBe(true)
    const { code, stdout, stderr } = await run(['audit', 'prove', '--from', kept, '--log', stage.published, '--trust', stage.trust])
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${ORIGIN}: the 5 older entries are the first of the 265 newer ones\n` })
    expect(stdout).toMatch(/^old 5\n([A-Za-z0-9+/=]+\n)+\nlog\.example\/models\n265\n/)
    const backwards = await run(['audit', 'prove', '--from', '100', '--to', '3', '--log', stage.published, '--trust', stage.trust])
    expect(backwards.code).toBe(2)
  })

  it('writes nothing from tiles that are not those that the log keys signed', async () => {
    const stage = makeStage()
    await stage.sign(3)
    const tile = join(stage.published, 'tile/0/000.p/7')
    const bytes = readFileSync(tile)
    bytes[33] = (bytes[33] ?? 0) ^ 1
    writeFileSync(tile, bytes)
    const proof = await run(['audit', 'prove', '5', '--log', stage.published, '--trust', stage.trust])
    expect(proof).toMatchObject({ code: 1, stdout: '' })
    const growth = await run(['audit', 'prove', '--from', '2', '--log', stage.published, '--trust', stage.trust])
    expect(growth).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('do not join to the root') })
    rmSync(tile)
    expect((await run(['audit', 'prove', '5', '--log', stage.published, '--trust', stage.trust])).stderr).toContain('tile/0/000.p/7 is not at')
  })

  it('wants either an entry or --from', async () => {
    expect((await run(['audit', 'prove'])).code).toBe(2)
    expect((await run(['audit', 'prove', '1', '--from', '1'])).code).toBe(2)
    expect((await run(['audit', 'prove', '1', '--trust', makeStage().trust])).stderr).toContain('no --log was given')
  })
})

async function signedModel(folder: string) {
  const signer = softwareSigner()
  const model = tinyModel(join(folder, 'model'))
  await signer.signInto(model)
  const trust = join(folder, 'trust.json')
  writeFileSync(trust, signer.trustBytes)
  return { model, signer, trust, file: join(model, 'model.hybrid.sig') }
}
