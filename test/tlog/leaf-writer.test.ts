/** The quick way to write a leaf makes the bytes and the hash that the strict one makes, and refuses what that refuses. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defined, SealstoneError, utf8Text } from '#core'
import { encodeLeaf, type Leaf, LeafWriter, leafHash, type WrittenLeaf } from '#tlog'
import { leaves, REFUSAL, SIGNING } from './usual-leaves.ts'

/** The text, or the code of the refusal. */
function attempt(write: () => Uint8Array): string {
  try {
    return utf8Text(write())
  } catch (error) {
    if (error instanceof SealstoneError) return error.code
    throw error
  }
}

function write(writer: LeafWriter, { version: _version, time, run, uptimeMs, ...leaf }: Leaf): WrittenLeaf {
  return writer.write(leaf, { time, ...defined({ run, uptimeMs }) })
}

/** Both ways, the quick one before and after another leaf. */
function agree(leaf: Leaf): string {
  const strict = attempt(() => encodeLeaf(leaf))
  const writer = new LeafWriter()
  const quick = (what = leaf) => attempt(() => write(writer, what).bytes)
  expect([quick(), quick(SIGNING), quick()]).toEqual([strict, utf8Text(encodeLeaf(SIGNING)), strict])
  return strict
}

const withMembers = (members: Record<string, unknown>): Leaf => ({ ...SIGNING, ...members })

describe('the quick way', () => {
  it('writes whatever leaf as the strict one does', () => {
    fc.assert(
      fc.property(leaves, (leaf) => void agree(leaf)),
      { numRuns: 1000 },
    )
  })

  it('lets no text pass for a member', () => {
    for (const text of ['x","key":"y', 'x\\', '\\u0022', '"', 'a\nb', 'é', '\ud800', '\u2028']) {
      for (const [name, value] of Object.entries(SIGNING)) if (typeof value === 'string') agree(withMembers({ [name]: text }))
      agree(withMembers({ signatures: [{ ...SIGNING.signatures?.[0], suite: text }] }))
    }
  })

  it('refuses a member that is unknown, missing, or of another type', () => {
    const values = [null, true, 0, -0, -1, 1.5, 1e21, Number.NaN, '', '1', [], {}, new String('ok'), '2026-02-30T12:00:00.000Z', 'A'.repeat(5000)]
    // The log adds `version` by itself.
    for (const name of [...Object.keys(SIGNING), 'stray'].filter((member) => member !== 'version')) {
      for (const value of values) expect(agree(withMembers({ [name]: value }))).toBeTypeOf('string')
      if (name !== 'time') agree(withMembers({ [name]: undefined }))
    }
    const [signature] = SIGNING.signatures ?? []
    for (const wrong of [[], [null], [{}], [{ ...signature, stray: 1 }], [{ ...signature, role: undefined }], Array(9).fill(signature)]) {
      expect(agree(withMembers({ signatures: wrong }))).toBe('FORMAT_INVALID')
    }
    const { keyProtection } = SIGNING
    const [half] = keyProtection?.halves ?? []
    for (const wrong of [
      { halves: [] },
      { halves: Array(4).fill(half) },
      { halves: [{ ...half, sealing: 'none' }] },
      { halves: [null] },
      { origin: 'generated' },
    ]) {
      expect(agree(withMembers({ keyProtection: { ...keyProtection, ...wrong } }))).toBe('FORMAT_INVALID')
    }
    for (const wrong of [{ recoverable: false }, { stray: 1 }, { module: 'a'.repeat(256) }, { firmware: 2 }, { tokenModel: undefined }]) {
      expect(agree(withMembers({ keyProtection: { ...keyProtection, ...wrong } }))).toBe('FORMAT_INVALID')
    }
    expect(agree(withMembers({ caller: undefined }))).toBe('FORMAT_INVALID')
  })

  it('keeps every leaf that it wrote as it was, whatever came after, and hashes it', () => {
    const writer = new LeafWriter()
    const all: Leaf[] = Array.from({ length: 300 }, (_, at) => ({
      ...(at % 3 === 0 ? REFUSAL : SIGNING),
      reason: `${'é'.repeat((at * 37) % 900)}${at}`,
    }))
    const written = all.map((leaf) => write(writer, leaf))
    const strict = all.map(encodeLeaf)
    expect(written.map(({ bytes }) => utf8Text(bytes))).toEqual(strict.map(utf8Text))
    expect(written.map(({ hash }) => hash.toHex())).toEqual(strict.map((bytes) => leafHash(bytes).toHex()))
  })
})
