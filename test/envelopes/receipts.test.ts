/** Receipts and key states: a leaf of this very signature, in a log that both of its keys vouch for, at a time when the key could sign. */
import { describe, expect, it } from 'vitest'
import { type TrustFile } from '#envelopes'
import { formatNote, formatTlogProof, type Leaf, type LeafSignature, parseNote, parseTlogProof, type Receipt } from '#tlog'
import { softwareLog } from '../support/software-log.ts'
import { flip, type Judged, makeCase, manifest } from './judging.ts'
import { checkOf } from './oms-files.ts'
import { type Deviations, manifestOf, PROTECTION, signManifest } from '../support/signing.ts'

const { home, trust, judge, judgeForged } = makeCase()

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
    ['of another model', { leaf: (leaf) => ({ ...leaf, modelName: 'other' }) }, /another model name: other, want model/],
    ['of a signature by another key', { leaf: editSignature({ keyFingerprint: '0'.repeat(64) }) }, /another fingerprint: 0{64}/],
    ['of a signature by another suite', { leaf: editSignature({ suite: 'mldsa87' }) }, /another suite of the signature: mldsa87/],
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
    expect(checkOf(verdict, 'receipt-leaf')).toMatch(/^not-applicable/)
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

  it('warns of nothing where a classical key, which has no companion, made both files; of another time it does', async () => {
    const classical = makeCase('ecdsa-p256')
    expect(await classical.judge()).toMatchObject({ ok: true, warnings: [] })
    const later = await classical.judge({ bundle: signManifest(classical.home, manifest).bundle })
    expect(later).toMatchObject({ ok: true, warnings: [expect.stringContaining('made together')] })
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

function withNote(
  { leaf, proof }: Receipt,
  change: (lines: ReturnType<typeof parseNote>['signatures']) => ReturnType<typeof parseNote>['signatures'],
): Receipt {
  const parsed = parseTlogProof(proof)
  const note = parseNote(parsed.checkpoint)
  return { leaf, proof: formatTlogProof({ ...parsed, checkpoint: formatNote({ ...note, signatures: change(note.signatures) }) }) }
}

function editSignature(change: Partial<LeafSignature>): (leaf: Leaf) => Leaf {
  return (leaf) => ({ ...leaf, signatures: leaf.signatures?.map((signature) => ({ ...signature, ...change })) ?? [] })
}
