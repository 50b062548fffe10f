/** Every published OMS fixture has the outcome that test/vectors/oms/EXPECTED.md states, and none survives a change. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pae, type TrustPolicy, type Verdict, verifyModel } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { byKey, byRoot, checkOf, editBundle, fixture, verifyFixture } from './oms-files.ts'
import { makeKey } from '../support/signing.ts'

interface Expected {
  readonly name: string
  readonly trust: TrustPolicy
  readonly singleFile?: boolean
  readonly ignore?: readonly string[]
}

// Version 1.0.1 does not sign what its maker ignored, so the verifier has to name it again.
const VALID: readonly Expected[] = [
  { name: 'v0.2.0-certificate', trust: byRoot },
  { name: 'v0.3.1-certificate', trust: byRoot },
  { name: 'v1.0.0-certificate', trust: byRoot },
  { name: 'v1.0.1-certificate', trust: byRoot, ignore: ['ignore-me'] },
  { name: 'v1.1.0-certificate', trust: byRoot },
  { name: 'v0.3.1-elliptic-key', trust: byKey, singleFile: true },
  { name: 'v1.0.0-elliptic-key', trust: byKey, singleFile: true },
  { name: 'v1.0.1-elliptic-key', trust: byKey, ignore: ['ignore-me'] },
  { name: 'v1.1.0-elliptic-key', trust: byKey },
]
const KEYLESS = ['v0.3.1-sigstore', 'v1.0.0-sigstore', 'v1.0.1-sigstore', 'v1.1.0-sigstore']

describe.each(VALID)('$name', ({ name, trust, singleFile, ignore }) => {
  const load = () => fixture(name, singleFile, ignore)

  it('is valid', async () => {
    const verdict = await verifyFixture(load(), trust)
    expect(verdict).toMatchObject({ ok: true, differences: [] })
    expect(checkOf(verdict, 'companion-signature')).toMatch(/^passed/)
    expect(checkOf(verdict, 'files')).toMatch(/^passed/)
    expect(checkOf(verdict, 'certificate-chain')).toMatch(trust.kind === 'trust-root' ? /^passed/ : /^not-applicable/)
    expect(verdict.warnings.some((warning) => warning.includes('draft format'))).toBe(name === 'v0.2.0-certificate')
  })

  it('is refused with a flipped payload byte, wherever it is', async () => {
    const model = load()
    const { length } = Buffer.from(JSON.parse(Buffer.from(model.bundle).toString()).dsseEnvelope.payload, 'base64')
    for (let at = 0; at < length; at += 37) {
      const bundle = editBundle(model.bundle, ({ dsseEnvelope }) => {
        const payload = Buffer.from(dsseEnvelope.payload, 'base64')
        payload[at] = (payload[at] ?? 0) ^ 1
        dsseEnvelope.payload = payload.toString('base64')
      })
      const verdict = await verifyBytes(bundle, trust)
      expect(verdict.ok, `byte ${at}`).toBe(false)
    }
  })

  it('is refused with a flipped signature byte, wherever it is', async () => {
    const model = load()
    for (let at = 0; at < 102; at += 3) {
      const bundle = editBundle(model.bundle, ({ dsseEnvelope: { signatures } }) => {
        const [entry] = signatures
        if (entry === undefined) throw new Error('fixture has no signature')
        const signature = Buffer.from(entry.sig, 'base64')
        signature[at] = (signature[at] ?? 0) ^ 1
        entry.sig = signature.toString('base64')
      })
      expect((await verifyBytes(bundle, trust)).ok, `byte ${at}`).toBe(false)
    }
  })

  it('names a file with a flipped byte', async () => {
    const model = load()
    const bytes = readFileSync(join(model.folder, 'signme-1'))
    bytes[0] = (bytes[0] ?? 0) ^ 1
    writeFileSync(join(model.folder, 'signme-1'), bytes)
    const verdict = await verifyFixture(model, trust)
    expect(verdict.ok).toBe(false)
    const [difference] = verdict.differences
    expect(verdict.differences).toHaveLength(1)
    expect(difference).toMatchObject({ name: singleFile ? '.' : 'signme-1', kind: 'changed' })
    expect(difference?.want).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(difference?.got).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(difference?.got).not.toBe(difference?.want)
  })

  it('is refused under another key or root', async () => {
    const stranger = makeKey('ecdsa-p384').key
    const other: TrustPolicy = trust.kind === 'trust-root' ? { kind: 'trust-root', roots: [] } : { kind: 'public-key', keys: [stranger] }
    const verdict = await verifyFixture(load(), other)
    expect(verdict.ok).toBe(false)
    expect(verdict.signer).toBeUndefined()
  })

  it('is refused with the signature of another fixture', async () => {
    const model = load()
    const { bundle } = fixture(name === 'v1.1.0-certificate' ? 'v1.0.1-certificate' : 'v1.1.0-certificate')
    const foreign = JSON.parse(Buffer.from(bundle).toString()).dsseEnvelope.signatures
    model.bundle = editBundle(model.bundle, ({ dsseEnvelope }) => (dsseEnvelope.signatures = foreign))
    expect(checkOf(await verifyFixture(model, trust), 'companion-signature')).toMatch(/^failed/)
  })
})

describe.each(VALID.filter(({ singleFile }) => singleFile !== true))('$name, a directory', ({ name, trust, ignore }) => {
  it('names an added, a removed and a renamed file, all of them at once', async () => {
    const model = fixture(name, false, ignore)
    writeFileSync(join(model.folder, 'added'), 'new')
    renameSync(join(model.folder, 'signme-1'), join(model.folder, 'renamed'))
    rmSync(join(model.folder, 'signme-2'))
    const verdict = await verifyFixture(model, trust)
    expect(verdict.ok).toBe(false)
    const named = verdict.differences.map(({ kind, name: file }) => `${kind} ${file}`)
    expect(named).toEqual(['missing signme-1', 'missing signme-2', 'extra added', 'extra renamed'])
    expect(checkOf(verdict, 'files')).toBe('failed: 2 missing, 2 extra')
  })

  it('takes files that the signature ignores as unsigned ones, unless it names them', async () => {
    const verdict = await verifyFixture(fixture(name), trust)
    expect(verdict.differences.map(({ kind, name: file }) => `${kind} ${file}`)).toEqual(ignore === undefined ? [] : ['extra ignore-me'])
  })

  it('accepts an unsigned file only where the caller says so, and warns of it', async () => {
    const model = fixture(name, false, ignore)
    writeFileSync(join(model.folder, 'added'), 'new')
    expect((await verifyFixture(model, trust)).ok).toBe(false)
    const verdict = await verifyFixture(model, trust, { ignoreUnsignedFiles: true })
    expect(verdict.ok).toBe(true)
    expect(verdict.warnings.join()).toContain('"added"')
  })
})

describe.each(KEYLESS)('%s', (name) => {
  it.each([
    ['a public key', byKey],
    ['a trust root', byRoot],
    ['no key', { kind: 'public-key', keys: [] } satisfies TrustPolicy],
  ])('cannot be verified under %s, and is never valid', async (_, trust) => {
    const verdict = await verifyFixture(fixture(name), trust)
    expect(verdict.ok).toBe(false)
    expect(checkOf(verdict, 'key-trusted')).toMatch(/^failed: cannot verify: keyless bundle/)
  })
})

describe('a public key inside a bundle', () => {
  it('is not believed: with another key given the bundle is refused', async () => {
    const model = fixture('v1.0.1-elliptic-key')
    const verdict = await verifyFixture(model, { kind: 'public-key', keys: [makeKey('ecdsa-p384').key] })
    expect(checkOf(verdict, 'key-trusted')).toMatch(/^failed: no given public key made a signature/)
  })

  it('cannot smuggle in a signature by its own pair', async () => {
    const intruder = makeKey('ecdsa-p384')
    const model = fixture('v1.0.1-elliptic-key', false, ['ignore-me'])
    model.bundle = editBundle(model.bundle, ({ verificationMaterial, dsseEnvelope }) => {
      verificationMaterial['publicKey'] = { rawBytes: Buffer.from(intruder.pem).toString('base64') }
      const { payload, payloadType } = dsseEnvelope
      dsseEnvelope.signatures = [{ sig: Buffer.from(intruder.sign(pae(payloadType, Buffer.from(payload, 'base64')))).toString('base64') }]
    })
    expect((await verifyFixture(model, byKey)).ok).toBe(false)
    expect((await verifyFixture(model, { kind: 'public-key', keys: [intruder.key] })).ok, 'the signature itself is good').toBe(true)
  })
})

async function verifyBytes(bundle: Uint8Array, trust: TrustPolicy): Promise<Verdict> {
  return verifyModel({ engine: nativeEngine(), bundle, trust, require: 'classical', now: new Date('2026-06-01T00:00:00Z') })
}
