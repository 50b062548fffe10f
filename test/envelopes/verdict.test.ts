/** The verdict on what a daemon signs: every check by name, nothing stripped silently, nothing taken from another signature. */
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, toHex } from '#core'
import {
  buildModelStatement,
  buildStatement,
  pae,
  parseHybridBundle,
  STATEMENT_PAYLOAD_TYPE,
  type TrustFile,
  type Verdict,
  verifyModel,
  writeHybridBundle,
} from '#envelopes'
import type { Manifest } from '#hashing'
import { splitSignature, type SuiteId } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'
import { parseNote, formatNote, parseTlogProof, formatTlogProof, type Receipt } from '#tlog'
import { softwareLog } from '../support/software-log.ts'
import { checkOf } from './oms-files.ts'
import {
  type Deviations,
  type Installation,
  makeInstallation,
  makeKey,
  manifestOf,
  PROTECTION,
  type SignedFiles,
  signManifest,
  signStatement,
  trustOf,
} from './signing.ts'

const NOW = new Date('2026-06-01T00:00:00Z')
const manifest = manifestOf(['a.bin', 'dir/b.bin', 'dir/ü.bin'])

let home: Installation
let signed: SignedFiles
let trust: TrustFile

beforeAll(() => {
  home = makeInstallation()
  signed = signManifest(home, manifest)
  trust = trustOf(home)
})

interface Judged {
  readonly bundle?: Uint8Array | undefined
  readonly hybrid?: Uint8Array | undefined
  readonly trust?: TrustFile
  readonly require?: 'hybrid' | 'classical'
  readonly manifest?: Manifest | undefined
  readonly statement?: 'model' | 'any'
  readonly ignoreUnsignedFiles?: boolean
  readonly now?: Date
}

function judge(changes: Judged = {}): Promise<Verdict> {
  const merged = { bundle: signed.bundle, hybrid: signed.hybrid, manifest, require: 'hybrid' as const, now: NOW, ...changes }
  const given = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)) as typeof merged & {
    bundle: Uint8Array
    hybrid: Uint8Array
    manifest: Manifest
  }
  return verifyModel({ ...given, engine: nativeEngine(), trust: { kind: 'trust-file', trust: changes.trust ?? trust } })
}

/** What a dishonest signer, daemon or log would have made. */
function judgeForged(deviations: Deviations): Promise<Verdict> {
  const forged = signManifest(home, manifest, deviations)
  return judge({ bundle: forged.bundle, hybrid: forged.hybrid })
}

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

describe('the receipt', () => {
  it.each<[string, Deviations, RegExp]>([
    ['of another signature of the same statement', { receipt: () => signManifest(home, manifest).receipt }, /another signature: sha256/],
    ['of another model', { receipt: () => signManifest(home, manifestOf(['x'])).receipt }, /another signed bytes/],
    ['of an intent', { leaf: (leaf) => ({ ...leaf, kind: 'intent' }) }, /another kind: intent, want outcome/],
    ['of an error', { leaf: (leaf) => ({ ...leaf, result: 'error' }) }, /another result: error, want ok/],
    ['of another operation', { leaf: (leaf) => ({ ...leaf, operation: 'verify' }) }, /another operation: verify/],
    ['of another key', { leaf: (leaf) => ({ ...leaf, key: 'other' }) }, /another key: other, want default/],
    ['of another version', { leaf: (leaf) => ({ ...leaf, keyVersion: 2 }) }, /another key version: 2, want 1/],
    ['of another suite', { leaf: (leaf) => ({ ...leaf, suite: 'mldsa87' }) }, /another suite: mldsa87/],
    ['of another model digest', { leaf: (leaf) => ({ ...leaf, modelDigest: `sha256:${'0'.repeat(64)}` }) }, /another model digest/],
    ['of another payload type', { leaf: (leaf) => ({ ...leaf, payloadType: 'text/plain' }) }, /another payload type/],
    ['of another predicate type', { leaf: (leaf) => ({ ...leaf, predicateType: 'https://slsa.dev/provenance/v1' }) }, /another predicate type/],
    ['that names no signature', { leaf: ({ signatures: _, ...leaf }) => leaf }, /another signature: none/],
    [
      'that names only the companion',
      { leaf: (leaf) => ({ ...leaf, signatures: leaf.signatures?.filter(({ role }) => role === 'companion') ?? [] }) },
      /another signature: none/,
    ],
  ])('%s is refused', async (_, deviations, reason) => {
    const verdict = await judgeForged(deviations)
    expect(checkOf(verdict, 'receipt-leaf')).toMatch(reason)
    expect(checkOf(verdict, 'hybrid-signature')).toMatch(/^passed/)
    expect(verdict.ok).toBe(false)
    expect(verdict.signer?.signedAt).toBeUndefined()
  })

  it('whose leaf was changed after it was logged is refused', async () => {
    const verdict = await judgeForged({
      receipt: ({ leaf, proof }) => ({ leaf: Buffer.from(Buffer.from(leaf).toString().replace('2026-05-01', '2026-04-01')), proof }),
    })
    expect(checkOf(verdict, 'audit-receipt')).toMatch(/^failed: entry 3 is not proven to be in "log.example\/models" at size 7/)
    expect(checkOf(verdict, 'receipt-leaf')).toMatch(/^passed/)
    expect(verdict.ok).toBe(false)
  })

  it.each([
    ['Ed25519', 1, /no ml-dsa-44 signature by a known log key/],
    ['ML-DSA-44', 0, /no ed25519 signature by a known log key/],
  ])("whose checkpoint is signed by the log's %s key only is refused", async (_, removed, reason) => {
    const verdict = await judgeForged({ receipt: (receipt) => withNote(receipt, (lines) => lines.filter((__, index) => index === 1 - removed)) })
    expect(checkOf(verdict, 'audit-receipt')).toMatch(reason)
    expect(verdict.ok).toBe(false)
  })

  it.each([0, 1])('whose checkpoint signature %i is flipped is refused', async (index) => {
    const verdict = await judgeForged({
      receipt: (receipt) =>
        withNote(receipt, (lines) => lines.map((line, at) => (at === index ? { ...line, signature: flip(line.signature, 20) } : line))),
    })
    expect(checkOf(verdict, 'audit-receipt')).toMatch(/does not verify/)
    expect(verdict.ok).toBe(false)
  })

  it.each([
    ['of a log with other keys', 'log.example/models'],
    ['of a log with another name', 'log.example/other'],
  ])('%s is refused', async (_, origin) => {
    expect(checkOf(await judgeForged({ log: softwareLog(origin) }), 'audit-receipt')).toMatch(/^failed/)
  })

  it('for another place in the tree is refused', async () => {
    const verdict = await judgeForged({ receipt: ({ leaf, proof }) => ({ leaf, proof: proof.replace('index 3', 'index 2') }) })
    expect(checkOf(verdict, 'audit-receipt')).toMatch(/^failed/)
  })

  it("must say of the key's protection what the file says", async () => {
    const verdict = await judgeForged({ protection: { ...PROTECTION, tokenSerial: 'ffff' } })
    expect(checkOf(verdict, 'bundle-format')).toMatch(/protection is not the one of the receipt's leaf/)
  })

  it('leaves a companion signature that was made at another time to a warning', async () => {
    const verdict = await judge({ bundle: signManifest(home, manifest).bundle })
    expect(verdict.ok).toBe(true)
    expect(verdict.warnings).toEqual(['model.sig is not the one that was made together with model.hybrid.sig'])
  })
})

describe('the state of the key', () => {
  const stateOf = async (key: Partial<TrustFile['keys'][number]>, changes: Judged = {}): Promise<string> => {
    const [first] = trust.keys
    if (first === undefined) throw new Error('no key')
    const verdict = await judge({ trust: { ...trust, keys: [{ ...first, ...key }] }, ...changes })
    const check = checkOf(verdict, 'key-state')
    expect(verdict.ok).toBe(check.startsWith('passed'))
    return check
  }
  const [before, after] = ['2026-04-30T00:00:00.000Z', '2026-05-02T00:00:00.000Z']

  it('pre-active: never', async () => {
    expect(await stateOf({ state: 'pre-active' })).toMatch(/^failed: key default version 1 is pre-active/)
  })

  it('active: from the time that it was activated', async () => {
    expect(await stateOf({ times: { active: before } })).toMatch(/^passed/)
    expect(await stateOf({ times: { active: after } })).toMatch(/^failed: .* signed at 2026-05-01T12:00:00.000Z, it is active only since 2026-05-02/)
  })

  it('active again after a suspension: the suspension is over', async () => {
    expect(await stateOf({ times: { suspended: before } })).toMatch(/^passed/)
  })

  it.each(['suspended', 'deactivated', 'compromised', 'destroyed'] as const)(
    '%s: what it signed before stays good, where the log proves it',
    async (state) => {
      expect(await stateOf({ state, times: { [state]: after } })).toMatch(/^passed/)
      expect(await stateOf({ state, times: { [state]: before } })).toMatch(new RegExp(`^failed: .* it is ${state} since 2026-04-30`))
      expect(await stateOf({ state, times: { [state]: '2026-05-01T12:00:00.000Z' } }), 'at that very moment').toMatch(/^failed/)
      expect(await stateOf({ state }), 'without a time').toMatch(/^failed: .* does not say since when/)
      expect(await stateOf({ state, times: { [state]: after } }, { hybrid: undefined, require: 'classical' }), 'without a receipt').toMatch(
        /nothing proves when it signed/,
      )
    },
  )

  it('compromised before it was deactivated counts from the earlier time', async () => {
    expect(await stateOf({ state: 'destroyed', times: { compromised: before, deactivated: after, destroyed: after } })).toMatch(
      /compromised since 2026-04-30/,
    )
  })

  it('counts no time that an unproven receipt tells', async () => {
    const forged = signManifest(home, manifest, { log: softwareLog('log.example/models'), time: '2026-01-01T00:00:00.000Z' })
    expect(await stateOf({ state: 'compromised', times: { compromised: before } }, forged)).toMatch(/^failed: .* nothing proves when it signed/)
  })
})

describe('files', () => {
  it('that differ are all named, with want and got', async () => {
    const disk = manifestOf(['a.bin', 'dir/c.bin', 'dir/ü.bin', 'z.bin'])
    const changed = {
      ...disk,
      resources: disk.resources.map((item) => (item.name === 'dir/ü.bin' ? { ...item, digest: new Uint8Array(32).fill(9) } : item)),
    }
    const verdict = await judge({ manifest: changed })
    expect(verdict.differences).toEqual([
      { name: 'dir/b.bin', kind: 'missing', want: `sha256:${'02'.repeat(32)}` },
      { name: 'dir/ü.bin', kind: 'changed', want: `sha256:${'03'.repeat(32)}`, got: `sha256:${'09'.repeat(32)}` },
      { name: 'dir/c.bin', kind: 'extra', got: `sha256:${'02'.repeat(32)}` },
      { name: 'z.bin', kind: 'extra', got: `sha256:${'04'.repeat(32)}` },
    ])
    expect(checkOf(verdict, 'files')).toBe('failed: 1 changed, 1 missing, 2 extra')
  })

  it('that are listed twice by the caller do not hide one behind the other', async () => {
    const [first] = manifest.resources
    if (first === undefined) throw new Error('no resource')
    const doubled = { ...manifest, resources: [{ ...first, digest: new Uint8Array(32).fill(7) }, ...manifest.resources] }
    expect((await judge({ manifest: doubled })).differences).toEqual([{ name: 'a.bin', kind: 'extra', got: `sha256:${'07'.repeat(32)}` }])
  })

  it('hashed in another way are not compared', async () => {
    const serialization = { ...manifest.serialization, hashType: 'blake3' as const }
    expect(checkOf(await judge({ manifest: { ...manifest, serialization } }), 'files')).toBe(
      'failed: files were hashed with blake3, the signature is over sha256',
    )
  })

  it('with a shard beyond the signed ones are changed, even where unsigned files are ignored', async () => {
    const shards = (...names: string[]): Manifest => ({
      ...manifestOf(names),
      serialization: { ...manifest.serialization, method: 'shards', shardSize: 8 },
    })
    const files = signManifest(home, shards('a:0:8', 'a:8:10'))
    const appended = shards('a:0:8', 'a:8:10', 'a:10:12', 'b:0:1')
    const verdict = await judge({ ...files, manifest: appended, ignoreUnsignedFiles: true })
    expect(verdict.differences.map(({ name, kind }) => `${kind} ${name}`)).toEqual(['extra a:10:12'])
    expect(verdict.warnings).toEqual(['1 file not signed and ignored: "b:0:1"'])
    expect(verdict.ok).toBe(false)
  })
})

describe('other statements', () => {
  const sha256 = toHex(new Uint8Array(32).fill(5))
  const payload = buildStatement({
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: { builder: { id: 'x' } },
    subjects: [{ name: 'model', sha256 }],
  })

  it('are signed and verified the same way', async () => {
    const files = signStatement(home, payload)
    const verdict = await judge({ ...files, manifest: undefined, statement: 'any' })
    expect(verdict).toMatchObject({ ok: true, statement: { predicateType: 'https://slsa.dev/provenance/v1', modelName: 'model' } })
  })

  it('do not pass for the signature of a model', async () => {
    const verdict = await judge({ ...signStatement(home, payload) })
    expect(verdict.ok).toBe(false)
    expect(checkOf(verdict, 'bundle-format')).toMatch(/predicateType is "https:\/\/slsa.dev\/provenance\/v1", want https:\/\/model_signing/)
  })

  it('name a model by its root digest', async () => {
    const root = modelDigest(signed.payload)
    const about = buildStatement({ predicateType: 'https://cyclonedx.org/bom', predicate: {}, subjects: [{ name: 'model', sha256: root }] })
    const files = signStatement(home, about)
    expect(checkOf(await judge({ ...files, statement: 'any' }), 'files')).toMatch(/^passed/)
    expect(checkOf(await judge({ ...files, statement: 'any', manifest: manifestOf(['a.bin']) }), 'files')).toMatch(/^failed/)
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

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  const index = at < 0 ? bytes.length + at : at
  flipped[index] = (flipped[index] ?? 0) ^ 1
  return flipped
}

function withNote(
  { leaf, proof }: Receipt,
  change: (lines: ReturnType<typeof parseNote>['signatures']) => ReturnType<typeof parseNote>['signatures'],
): Receipt {
  const parsed = parseTlogProof(proof)
  const note = parseNote(parsed.checkpoint)
  return { leaf, proof: formatTlogProof({ ...parsed, checkpoint: formatNote({ ...note, signatures: change(note.signatures) }) }) }
}

function modelDigest(payload: Uint8Array): string {
  return (JSON.parse(Buffer.from(payload).toString()) as { subject: { digest: { sha256: string } }[] }).subject[0]?.digest.sha256 ?? ''
}
