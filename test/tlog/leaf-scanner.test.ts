/** The quick way to recognise a leaf takes nothing that the strict reader refuses, and says the same of what it takes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, type JsonValue, utf8, utf8Text } from '#core'
import { encodeLeaf, type Leaf, LeafScanner, parseLeaf } from '#tlog'
import { leaves, REFUSAL, SIGNING } from './usual-leaves.ts'

/** What may stand where something else stood. */
const pieces = fc.constantFrom(
  ...'"\\{},: \n\0xé\u007f'.split(''),
  ...'0 01 -0 -1 1e3 1.0 1e999 null true [] {} sha256: outcome 2026-02-30 24:00 :60 "key":"b", "keyVersion":0, "version":2 "__proto__":1,'.split(' '),
  'A'.repeat(300),
  '9'.repeat(16),
)
const damages = fc.array(fc.record({ at: fc.nat(1200), cut: fc.nat(12), piece: fc.option(pieces, { nil: '' }) }), { minLength: 1, maxLength: 2 })

/** The text that fsck scans: one character a byte. */
const bytewise = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const strictly = (bytes: Uint8Array): Leaf | undefined => {
  try {
    return parseLeaf(bytes)
  } catch {
    return undefined
  }
}

/** Says whether the quick way took it. */
function agree(bytes: Uint8Array): boolean {
  const scanned = new LeafScanner().scan(bytewise(bytes), 0)
  if (scanned?.end !== bytes.length) return false
  const { end: _end, timeMs, ...facts } = scanned
  const leaf = strictly(bytes)
  const { time, kind, operationId, caller, key, modelName, result } = leaf ?? ({} as Partial<Leaf>)
  expect({ ...facts, timeMs }, utf8Text(bytes)).toEqual({ time, timeMs: Date.parse(time ?? ''), kind, operationId, caller, key, modelName, result })
  return true
}

describe('the quick way', () => {
  it('takes what a signing and a refusal leave in the log', () => {
    expect([SIGNING, REFUSAL].map((leaf) => agree(encodeLeaf(leaf)))).toEqual([true, true])
  })

  it('says of whatever leaf it takes what the strict reader says', () => {
    let taken = 0
    fc.assert(
      fc.property(leaves, (leaf) => void (taken += Number(agree(encodeLeaf(leaf))))),
      { numRuns: 500 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  it('takes no damaged leaf that the strict reader refuses', () => {
    fc.assert(
      fc.property(leaves, damages, (leaf, all) => {
        const damaged = all.reduce(
          (json, { at, cut, piece }) => json.slice(0, at % json.length) + piece + json.slice((at % json.length) + cut),
          leafText(leaf),
        )
        agree(utf8(damaged.toWellFormed()))
      }),
      { numRuns: 3000 },
    )
  })

  it('takes no leaf with a member of another kind, in another order, or too long', () => {
    const members = Object.entries(JSON.parse(leafText(SIGNING)) as Record<string, JsonValue>)
    const values: JsonValue[] = [null, true, 0, -1, 1.5, '', 'x', 'A'.repeat(5000), [], {}, '2026-02-30T12:00:00.000Z', '0000-01-01T00:00:00.000Z']
    for (const [name] of members) for (const value of values) agree(utf8(canonicalJson({ ...Object.fromEntries(members), [name]: value })))
    expect(agree(utf8(JSON.stringify(Object.fromEntries(members.toReversed()))))).toBe(false)
    expect(agree(encodeLeaf({ ...SIGNING, reason: 'a'.repeat(4000) }))).toBe(false)
  })

  it('goes on in the middle of a text and keeps no time that it did not see', () => {
    const scanner = new LeafScanner()
    const [first, second] = [encodeLeaf(SIGNING), encodeLeaf({ ...SIGNING, time: '2026-01-31T12:00:59.001Z' })].map(bytewise)
    const both = `\0${first}\0${second}`
    const one = scanner.scan(both, 1)
    expect([one?.timeMs, scanner.scan(both, (one?.end ?? 0) + 1)?.timeMs]).toEqual([1_769_860_800_000, 1_769_860_859_001])
    expect(scanner.scan(bytewise(utf8(leafText(SIGNING).replace('T12:00:00', 'T24:00:00'))), 0)).toBeUndefined()
  })
})

function leafText(leaf: Leaf): string {
  return utf8Text(encodeLeaf(leaf))
}
