/** `sealstone verify`, the real process, on signatures that somebody made or changed with intent: exit 1 with the reason, nothing else. */
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '#core'
import { buildModelStatement, pae, STATEMENT_PAYLOAD_TYPE } from '#envelopes'
import { hashModel } from '#hashing'
import { splitSignature } from '#suites'
import { type Edit, editJson } from '../envelopes/edit-json.ts'
import { makeIntermediate, makeLeaf, makeRoot } from '../support/certificates.ts'
import { tinyModel } from '../support/models.ts'
import { run, temporaryFolder } from '../support/sealstone.ts'
import { softwareSigner } from '../support/model-signer.ts'
import { softwareLog } from '../support/software-log.ts'

const trusted = softwareSigner()
const half = (signature: Uint8Array) => {
  const parts = splitSignature(trusted.main.key.suite, signature)
  if (parts === undefined) throw new Error('signature too short')
  return parts
}
const payloadOf = async (model: string): Promise<Uint8Array> => buildModelStatement(await hashModel(model))

describe('a signature is refused', () => {
  it.each<[string, (model: string) => Promise<void>, RegExp]>([
    ['whose ML-DSA half is a byte short', changed(({ mlDsa, classical }) => [mlDsa.slice(1), classical]), /hybrid-signature/],
    ['whose ML-DSA half is a byte long', changed(({ mlDsa, classical }) => [mlDsa, Uint8Array.of(0), classical]), /hybrid-signature/],
    ['whose classical half is a byte short', changed(({ mlDsa, classical }) => [mlDsa, classical.slice(0, -1)]), /hybrid-signature/],
    ['without its ML-DSA half', changed(({ classical }) => [classical]), /hybrid-signature/],
    ['without its classical half', changed(({ mlDsa }) => [mlDsa]), /hybrid-signature/],
    ['with halves in the other order', changed(({ mlDsa, classical }) => [classical, mlDsa]), /hybrid-signature/],
    ['by another key of the same suite', (model) => softwareSigner().signInto(model), /key-trusted .*fingerprint/],
    ['by a key of another suite', (model) => softwareSigner('mldsa87-ecdsa-p384').signInto(model), /key-trusted/],
    [
      'under another context',
      async (model) => {
        const message = pae(STATEMENT_PAYLOAD_TYPE, await payloadOf(model))
        await trusted.signInto(model, { signature: () => trusted.main.sign(message, utf8('another context')) })
      },
      /hybrid-signature/,
    ],
    [
      'over the bare statement',
      async (model) => {
        const payload = await payloadOf(model)
        await trusted.signInto(model, { signature: () => trusted.main.sign(payload) })
      },
      /hybrid-signature/,
    ],
    ['with the receipt of another log', (model) => trusted.signInto(model, { log: softwareLog('log.example/models') }), /audit-receipt/],
    [
      'with a receipt whose leaf names another model',
      (model) => trusted.signInto(model, { leaf: (leaf) => ({ ...leaf, modelName: 'other' }) }),
      /receipt-leaf/,
    ],
    ['with a receipt of a refusal', (model) => trusted.signInto(model, { leaf: (leaf) => ({ ...leaf, result: 'error' }) }), /receipt-leaf/],
    ['that names its key as another version', edited(['key.version', 2]), /key-trusted .*version 2/],
    ['with a member that nobody knows', edited(['extra', true]), /extra/],
    [
      'with text after it',
      async (model) => {
        await trusted.signInto(model)
        const path = join(model, 'model.hybrid.sig')
        writeFileSync(path, `${readFileSync(path, 'utf8')} x`)
      },
      /model\.hybrid\.sig/,
    ],
  ])('%s', async (_, sign, reason) => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'model'))
    await sign(model)
    const result = await run(['verify', model, '--trust', trustFile(folder.path)])
    expect(result.code).toBe(1)
    expect(result.stdout).toMatch(reason)
    expect(result.stderr).toMatch(/^error: .*\nhint: .*\n$/)
  })

  it('that was good for another model', async () => {
    using folder = temporaryFolder()
    const [first, second] = ['first', 'second'].map((name) => tinyModel(join(folder.path, name)))
    if (first === undefined || second === undefined) throw new Error('no models')
    writeFileSync(join(second, 'more.bin'), 'more')
    await trusted.signInto(first)
    for (const name of ['model.sig', 'model.hybrid.sig']) copyFileSync(join(first, name), join(second, name))
    const result = await run(['verify', second, '--trust', trustFile(folder.path)])
    expect(result.code).toBe(1)
    expect(result.stdout).toContain('more.bin')
  })
})

describe('what is refused besides', () => {
  it.each(['model.sig', 'model.hybrid.sig'])('files hidden in a directory called %s', async (name) => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'model'))
    await trusted.signInto(model)
    for (const file of ['model.sig', 'model.hybrid.sig']) renameSync(join(model, file), join(folder.path, file))
    mkdirSync(join(model, name))
    writeFileSync(join(model, name, 'evil.py'), 'evil')
    const elsewhere = ['--signature', join(folder.path, 'model.sig'), '--hybrid-signature', join(folder.path, 'model.hybrid.sig')]
    const result = await run(['verify', model, '--trust', trustFile(folder.path), ...elsewhere])
    expect(result.code).toBe(1)
    expect(result.stdout).toContain(`extra    ${name}/evil.py`)
  })

  it('a dangling link called model.sig', async () => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'model'))
    await trusted.signInto(model)
    rmSync(join(model, 'model.sig'))
    symlinkSync('/nonexistent', join(model, 'model.sig'))
    expect((await run(['verify', model, '--trust', trustFile(folder.path)])).code).toBe(2)
  })

  it('a classical key where --require hybrid says so', async () => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'model'))
    const classical = softwareSigner('ecdsa-p256')
    const { hybridSig } = await classical.sign(model)
    writeFileSync(join(model, 'model.hybrid.sig'), hybridSig)
    const trust = join(folder.path, 'classical.json')
    writeFileSync(trust, classical.trustBytes)
    expect((await run(['verify', model, '--trust', trust])).code).toBe(0)
    const result = await run(['verify', model, '--trust', trust, '--require', 'hybrid'])
    expect(result.stdout).toMatch(/hybrid-signature +a quantum-safe signature is required/)
    expect(result.code).toBe(1)
  })

  it.each([
    ['brackets', '['.repeat(8_000_000)],
    ['empty objects', `[${'{},'.repeat(8_000_000)}{}]`],
    ['short names', `{${Array.from({ length: 2_000_000 }, (_, at) => `"${at.toString(36)}":0`).join(',')}}`],
  ])('%s by the million, in little memory', async (_, text) => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'model'))
    writeFileSync(join(model, 'model.sig'), text)
    const env = { NODE_OPTIONS: '--max-old-space-size=128' }
    const result = await run(['verify', model, '--trust', trustFile(folder.path)], { env })
    expect(result.stdout).toMatch(/failed +bundle-format/)
    expect(result.code).toBe(1)
  })

  it('an empty argument, as an unset variable of a script gives it', async () => {
    const result = await run(['verify', ''])
    expect(result.stderr).toMatch(/^error: an argument is empty\nhint: /)
    expect(result.code).toBe(2)
  })
})

describe('a certificate', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let model: string
  beforeAll(() => {
    folder = temporaryFolder()
    model = tinyModel(join(folder.path, 'model'))
    return () => folder[Symbol.dispose]()
  })

  it.each<[string, Parameters<typeof makeLeaf>[1], number, RegExp]>([
    ['in force is accepted', {}, 0, /^OK/],
    ['that expired is refused with its date', { notAfter: '2026-02-01T00:00:00Z' }, 1, /expired on 2026-02-01/],
    ['that is not in force yet is refused', { notBefore: '2035-01-01T00:00:00Z' }, 1, /not valid before 2035-01-01/],
  ])('%s', async (_, options, code, message) => {
    const root = await makeRoot()
    const intermediate = await makeIntermediate(root)
    const leaf = await makeLeaf(intermediate, options)
    const payload = await payloadOf(model)
    const certificates = [leaf, intermediate].map(({ der }) => ({ rawBytes: der.toBase64() }))
    const sig = leaf.sign(pae(STATEMENT_PAYLOAD_TYPE, payload)).toBase64()
    writeFileSync(
      join(model, 'model.sig'),
      JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: { x509CertificateChain: { certificates }, tlogEntries: [] },
        dsseEnvelope: { payload: payload.toBase64(), payloadType: STATEMENT_PAYLOAD_TYPE, signatures: [{ sig, keyid: '' }] },
      }),
    )
    writeFileSync(join(folder.path, 'root.pem'), root.pem)
    const result = await run(['verify', model, '--trust-root', join(folder.path, 'root.pem')])
    expect(result.stdout).toMatch(message)
    expect(result.code).toBe(code)
  })
})

function changed(change: (halves: ReturnType<typeof half>) => Uint8Array[]): (model: string) => Promise<void> {
  return (model) => trusted.signInto(model, { signature: (signature) => concatBytes(...change(half(signature))) })
}

function edited(edit: Edit): (model: string) => Promise<void> {
  return async (model) => {
    await trusted.signInto(model)
    const path = join(model, 'model.hybrid.sig')
    writeFileSync(path, editJson(readFileSync(path, 'utf8'), edit))
  }
}

function trustFile(folder: string): string {
  const path = join(folder, 'trust.json')
  writeFileSync(path, trusted.trustBytes)
  return path
}
