/** The verdict on what a daemon signs: every check by name, nothing stripped silently, nothing taken from another signature. */
import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '#core'
import { buildModelStatement, pae, parseHybridBundle, STATEMENT_PAYLOAD_TYPE, verifyModel, writeHybridBundle } from '#envelopes'
import { splitSignature, type SuiteId } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'
import { editJson } from './edit-json.ts'
import { flip, type Judged, makeCase, manifest, NOW } from './judging.ts'
import { checkOf } from './oms-files.ts'
import { makeInstallation, makeKey, manifestOf, type SignedFiles, signManifest, signStatement, trustOf } from '../support/signing.ts'

const { home, signed, trust, judge } = makeCase()

describe('an honest pair of signatures', () => {
  it('passes every check that applies, in the stable order', async () => {
    const verdict = await judge()
    expect(verdict.checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'bundle-format passed',
      'payload-match passed',
      'key-trusted passed',
      'certificate-chain not-applicable',
      'companion-signature passed',
      'hybrid-signature passed',
      'key-state passed',
      'key-protection not-applicable',
      'files passed',
      'audit-receipt passed',
      'receipt-leaf passed',
    ])
    expect(verdict).toMatchObject({ ok: true, differences: [], warnings: [] })
    expect(verdict.signer).toMatchObject({ keyName: 'default', keyVersion: 1, suite: 'mldsa65-ecdsa-p256', signedAt: '2026-05-01T12:00:00.000Z' })
    expect(verdict.statement).toMatchObject({ modelName: 'model', resourceCount: 3, predicateType: 'https://model_signing/signature/v1.0' })
  })

  it('is judged the same by the portable engine', async () => {
    const verdict = await verifyModel({
      engine: portableEngine(),
      bundle: signed.bundle,
      hybrid: signed.hybrid,
      manifest,
      trust: { kind: 'trust-file', trust },
      require: 'hybrid',
      now: NOW,
    })
    expect(verdict).toEqual(await judge())
  })

  it('gives reasons of one line, lower case at their start', async () => {
    for (const { name, reason } of (await judge()).checks) expect(reason, name).toMatch(/^[^A-Z\n][^\n]*[^.\n]$/)
  })

  it.each<SuiteId>(['mldsa65-ed25519', 'mldsa87-ecdsa-p384', 'mldsa44', 'mldsa65', 'mldsa87'])('verifies with a key of %s', async (suite) => {
    const other = makeInstallation(suite)
    const files = signManifest(other, manifest)
    expect(await judge({ ...files, trust: trustOf(other) })).toMatchObject({ ok: true, signer: { suite } })
  })

  it.each<SuiteId>(['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519'])(
    'verifies with a classical key of %s, which has no companion',
    async (suite) => {
      const other = makeInstallation(suite)
      const files = signManifest(other, manifest)
      const verdict = await judge({ bundle: undefined, hybrid: files.hybrid, trust: trustOf(other) })
      expect(verdict).toMatchObject({ ok: true, signer: { suite } })
    },
  )

  it('verifies without files to compare, and says so', async () => {
    const verdict = await judge({ manifest: undefined })
    expect(verdict.ok).toBe(true)
    expect(checkOf(verdict, 'files')).toMatch(/^not-applicable/)
  })

  it('warns of a signature from the future', async () => {
    const verdict = await judge({ now: new Date('2026-04-01T00:00:00Z') })
    expect(verdict.warnings.join()).toMatch(/from the future/)
  })
})

describe('the quantum-safe half', () => {
  it('is missed where the key is hybrid: stripped', async () => {
    const verdict = await judge({ hybrid: undefined })
    expect(verdict.ok).toBe(false)
    expect(checkOf(verdict, 'hybrid-signature')).toMatch(
      /^failed: stripped: key default version 1 is mldsa65-ecdsa-p256, but model.hybrid.sig is missing/,
    )
    expect(checkOf(verdict, 'companion-signature')).toMatch(/^passed/)
  })

  it('is missed where the key is pure ML-DSA', async () => {
    const other = makeInstallation('mldsa65')
    const verdict = await judge({ bundle: signManifest(other, manifest).bundle, hybrid: undefined, trust: trustOf(other) })
    expect(checkOf(verdict, 'hybrid-signature')).toMatch(/^failed: stripped/)
  })

  it('may be left out only explicitly, and the verdict warns of it', async () => {
    const verdict = await judge({ hybrid: undefined, require: 'classical' })
    expect(verdict.ok).toBe(true)
    expect(verdict.warnings).toEqual(['the quantum-safe half was not required: only the classical signature was verified'])
    expect(verdict.signer).toMatchObject({ suite: 'ecdsa-p256' })
  })

  it('is checked where it is there, even if it is not required', async () => {
    const hybrid = forge((signature) => flip(signature, 0))
    expect((await judge({ hybrid, require: 'classical' })).ok).toBe(false)
    expect((await judge({ require: 'classical' })).warnings).toEqual([])
  })

  it('stands alone without model.sig', async () => {
    const verdict = await judge({ bundle: undefined })
    expect(verdict.ok).toBe(true)
    expect(checkOf(verdict, 'companion-signature')).toBe('not-applicable: there is no model.sig')
  })
})

describe('a signature that is not the right one', () => {
  it.each([
    ['first byte of the ML-DSA half', 0],
    ['last byte of the ML-DSA half', 3308],
    ['first byte of the classical half', 3309],
    ['last byte of the classical half', -1],
  ])('flipped in the %s is refused', async (_, at) => {
    const verdict = await judge({ hybrid: forge((signature) => flip(signature, at)) })
    expect(checkOf(verdict, 'hybrid-signature')).toMatch(/^failed: model.hybrid.sig does not verify/)
    expect(verdict.ok).toBe(false)
  })

  it.each<[string, (signature: Uint8Array) => Uint8Array]>([
    ['one byte short', (signature) => signature.slice(0, -1)],
    ['one byte long', (signature) => concatBytes(signature, Uint8Array.of(0))],
    ['the ML-DSA half alone', (signature) => half(signature).mlDsa],
    ['the classical half alone', (signature) => half(signature).classical],
    ['the ML-DSA half a byte short', (signature) => concatBytes(half(signature).mlDsa.slice(1), half(signature).classical)],
    ['both halves in the other order', (signature) => concatBytes(half(signature).classical, half(signature).mlDsa)],
    ['a single byte', () => Uint8Array.of(0)],
    ['60,000 bytes', () => new Uint8Array(60_000)],
  ])('%s is refused', async (_, change) => {
    expect(checkOf(await judge({ hybrid: forge(change) }), 'hybrid-signature')).toMatch(/^failed/)
  })

  it('with one half from another signature of the same key is refused, either half', async () => {
    const other = half(parseHybridBundle(signManifest(home, manifestOf(['other.bin'])).hybrid).bundle.signature)
    for (const change of [
      (signature: Uint8Array) => concatBytes(other.mlDsa, half(signature).classical),
      (signature: Uint8Array) => concatBytes(half(signature).mlDsa, other.classical),
    ]) {
      expect(checkOf(await judge({ hybrid: forge(change) }), 'hybrid-signature')).toMatch(/^failed/)
    }
  })

  it('with a context, or over the bare payload, is refused', async () => {
    const message = pae(STATEMENT_PAYLOAD_TYPE, signed.payload)
    for (const wrong of [
      home.main.sign(message, Uint8Array.of(1)),
      home.main.sign(signed.payload),
      home.main.sign(pae('application/json', signed.payload)),
    ]) {
      expect(checkOf(await judge({ hybrid: forge(() => wrong) }), 'hybrid-signature')).toMatch(/^failed/)
    }
  })

  it('by another key of the same suite is refused, whatever the bundle says of itself', async () => {
    const intruder = makeInstallation('mldsa65-ecdsa-p256', 'default', home.log)
    const forged = signManifest(intruder, manifest)
    expect(checkOf(await judge({ ...forged }), 'key-trusted')).toMatch(/^failed: key default version 1 has fingerprint/)
    // The same with the names of the trusted key written over it.
    const disguised = writeHybridBundle({ ...partsOf(forged), key: home.main.key })
    expect(checkOf(await judge({ hybrid: disguised }), 'hybrid-signature')).toMatch(/^failed/)
  })

  it('that names its key in two ways that disagree is refused', async () => {
    const hybrid = editJson(Buffer.from(signed.hybrid).toString(), ['bundle.verificationMaterial.publicKey.hint', '0'.repeat(64)])
    expect(checkOf(await judge({ hybrid }), 'key-trusted')).toMatch(/names its key in two ways that disagree/)
  })

  it('over a statement of the draft format is refused, whoever signed it', async () => {
    const draft = utf8(
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ name: 'a.bin', digest: { sha256: '01'.repeat(32) } }],
        predicateType: 'https://model_signing/Digests/v0.1',
        predicate: {},
      }),
    )
    const { hybrid, bundle } = signStatement(home, draft, { leaf: (leaf) => ({ ...leaf, modelDigest: `sha256:${'0'.repeat(64)}` }) })
    expect(checkOf(await judge({ hybrid, bundle: undefined }), 'bundle-format')).toMatch(/draft format/)
    expect(checkOf(await judge({ hybrid: undefined, bundle, require: 'classical' }), 'companion-signature'), 'v1 PAE over a draft').toMatch(/^failed/)
  })

  it('of another suite is refused', async () => {
    const other = makeInstallation('mldsa65-ed25519', 'default', home.log)
    const verdict = await judge({ hybrid: signManifest(other, manifest).hybrid })
    expect(checkOf(verdict, 'key-trusted')).toMatch(
      /^failed: key default version 1 has suite mldsa65-ecdsa-p256, model.hybrid.sig says mldsa65-ed25519/,
    )
  })

  it('by a key or version that the trust file does not have is refused by name', async () => {
    const other = makeInstallation('mldsa65-ecdsa-p256', 'stranger', home.log)
    expect(checkOf(await judge({ hybrid: signManifest(other, manifest).hybrid }), 'key-trusted')).toMatch(
      /key stranger version 1 of model.hybrid.sig is not in the trust file/,
    )
    const hybrid = signManifest({ ...home, version: 2 }, manifest).hybrid
    expect(checkOf(await judge({ hybrid }), 'key-trusted')).toMatch(/key default version 2/)
    expect(checkOf(await judge({ hybrid: undefined, bundle: signManifest(other, manifest).bundle }), 'key-trusted')).toMatch(
      /no key of the trust file/,
    )
  })

  it('pair by two keys that are both trusted is refused', async () => {
    const other = makeInstallation('mldsa65-ecdsa-p256', 'other', home.log)
    const verdict = await judge({ bundle: signManifest(other, manifest).bundle, trust: trustOf(home, other) })
    expect(checkOf(verdict, 'key-trusted')).toMatch(/model.sig is by key other version 1, model.hybrid.sig by default version 1/)
  })

  it('pair over different statements is refused', async () => {
    const verdict = await judge({ bundle: signManifest(home, manifestOf(['a.bin'])).bundle })
    expect(checkOf(verdict, 'payload-match')).toMatch(/^failed/)
    expect(verdict.ok).toBe(false)
  })

  it('in model.sig is refused even beside a good hybrid one', async () => {
    const other = makeInstallation('mldsa65-ecdsa-p256', 'default', home.log)
    const bundle = JSON.parse(Buffer.from(signed.bundle).toString())
    bundle.dsseEnvelope.signatures = JSON.parse(Buffer.from(signManifest(other, manifest).bundle).toString()).dsseEnvelope.signatures
    const verdict = await judge({ bundle: Buffer.from(JSON.stringify(bundle)) })
    expect(checkOf(verdict, 'companion-signature')).toMatch(/^failed/)
    expect(checkOf(verdict, 'hybrid-signature')).toMatch(/^passed/)
    expect(verdict.ok).toBe(false)
  })
})

describe('public keys instead of a trust file', () => {
  const byKeys = (keys: Parameters<typeof verifyModel>[0]['trust'] & { kind: 'public-key' }, changes: Judged = {}) =>
    verifyModel({
      engine: nativeEngine(),
      bundle: signed.bundle,
      hybrid: signed.hybrid,
      manifest,
      now: NOW,
      require: changes.require ?? 'classical',
      trust: keys,
    })

  it('check what they can: the signature of the key that is given', async () => {
    if (home.companion === undefined) throw new Error('no companion')
    const companion = await byKeys({ kind: 'public-key', keys: [home.companion.key] })
    expect(companion).toMatchObject({ ok: true, signer: { suite: 'ecdsa-p256' } })
    expect(checkOf(companion, 'hybrid-signature')).toMatch(/^not-applicable: model.hybrid.sig is by a key that was not given/)
    const main = await byKeys({ kind: 'public-key', keys: [home.main.key] }, { require: 'hybrid' })
    expect(main).toMatchObject({ ok: true, signer: { suite: 'mldsa65-ecdsa-p256' } })
    expect(checkOf(main, 'audit-receipt')).toMatch(/^not-applicable: no trust file/)
    expect(main.signer?.signedAt).toBeUndefined()
  })

  it('do not satisfy a demand for hybrid with a classical one', async () => {
    if (home.companion === undefined) throw new Error('no companion')
    const verdict = await byKeys({ kind: 'public-key', keys: [home.companion.key] }, { require: 'hybrid' })
    expect(checkOf(verdict, 'hybrid-signature')).toMatch(/^failed: a hybrid signature is required/)
    const classical = makeInstallation('ecdsa-p256')
    const other = await verifyModel({
      engine: nativeEngine(),
      hybrid: signManifest(classical, manifest).hybrid,
      now: NOW,
      require: 'hybrid',
      trust: { kind: 'public-key', keys: [classical.main.key] },
    })
    expect(checkOf(other, 'hybrid-signature')).toMatch(/^failed: a quantum-safe signature is required/)
    expect(other.ok).toBe(false)
  })

  it('that made nothing are refused, with what was given and what was named', async () => {
    const verdict = await byKeys({ kind: 'public-key', keys: [makeKey('ecdsa-p256').key] })
    expect(checkOf(verdict, 'key-trusted')).toMatch(
      /no given public key made a signature: model.sig names [0-9a-f]{64}, model.hybrid.sig names [0-9a-f]{64}; given: [0-9a-f]{64}/,
    )
  })
})

it('tells what is wrong with both files', async () => {
  const verdict = await judge({ bundle: utf8('{}'), hybrid: utf8('[]') })
  expect(checkOf(verdict, 'bundle-format')).toBe(
    'failed: model.sig: bundle has no "mediaType"; model.hybrid.sig: document is an array, want an object',
  )
  expect(checkOf(verdict, 'hybrid-signature')).toBe('not-applicable: not reached, since bundle-format failed')
})

it('misuse is an error: no signature at all', async () => {
  await expect(judge({ bundle: undefined, hybrid: undefined })).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' })
})

it('signs the model statement in one form', () => {
  expect(buildModelStatement(manifest)).toEqual(signed.payload)
})

/** `model.hybrid.sig` with another signature, and a receipt that names it: only the signature itself is wrong. */
function forge(change: (signature: Uint8Array) => Uint8Array): Uint8Array {
  return signManifest(home, manifest, { signature: change }).hybrid
}

function partsOf({ payload, hybrid, receipt }: SignedFiles) {
  const { bundle, keyName, keyVersion, protection } = parseHybridBundle(hybrid)
  return { payload, signature: bundle.signature, keyName, keyVersion, receipt, protection }
}

function half(signature: Uint8Array): { readonly mlDsa: Uint8Array; readonly classical: Uint8Array } {
  const parts = splitSignature(home.main.key.suite, signature)
  if (parts === undefined) throw new Error('signature too short')
  return parts
}
