/** Hostile bytes: whatever is sent, the answer is a verdict or a named error, and never a good one. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { hashingPlan, parseBundle, parseHybridBundle, parseStatement, parseTrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { trustFileOf } from '../support/signing.ts'
import { flip, makeCase } from './judging.ts'

const { home, signed, trust, judge } = makeCase()
const trustBytes = trustFileOf(trust, home.log)

const READERS = [
  ['parseBundle', parseBundle, signed.bundle],
  ['parseHybridBundle', parseHybridBundle, signed.hybrid],
  ['parseStatement', parseStatement, signed.payload],
  ['parseTrustFile', (bytes: Uint8Array) => parseTrustFile(bytes, nativeEngine()), trustBytes],
  ['hashingPlan', hashingPlan, signed.hybrid],
] as const

describe.each(READERS)('%s', (_, read, document) => {
  const refusesByName = (bytes: Uint8Array): boolean => {
    try {
      read(bytes)
      return true
    } catch (error) {
      return error instanceof SealstoneError && error.code !== 'INTERNAL'
    }
  }

  it('throws nothing but errors of the catalogue on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), refusesByName), { numRuns: 500 })
  })

  it('throws nothing but errors of the catalogue on any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => refusesByName(Buffer.from(text))),
      { numRuns: 500 },
    )
  })

  it('throws nothing but errors of the catalogue on a document with one value replaced', () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(null, '', -1, 1e300, [], {}, '__proto__', 'constructor'))
    const property = fc.property(fc.nat(), value, (place, replacement) =>
      refusesByName(Buffer.from(JSON.stringify(replaceNth(document, place, replacement)))),
    )
    fc.assert(property, { numRuns: 500 })
  })
})

describe('the verdict', () => {
  it('is bad for model.hybrid.sig with any bit flipped', async () => {
    const last = signed.hybrid.length - 1 // a newline: white space is free
    for (let at = 0; at < last; at += 29) {
      const verdict = await judge({ hybrid: flip(signed.hybrid, at) })
      expect(verdict.ok, `byte ${at}`).toBe(false)
    }
  })

  it('is bad for any bytes as a signature file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect((await judge({ hybrid: bytes })).ok).toBe(false)
        expect((await judge({ bundle: bytes })).ok).toBe(false)
      }),
      { numRuns: 100 },
    )
  })
})

/** Walks the JSON in order and replaces the value at this place, counted round and round. */
function replaceNth(document: Uint8Array, place: number, replacement: unknown): unknown {
  const root = JSON.parse(Buffer.from(document).toString()) as unknown
  const places: (() => void)[] = []
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const members = value as Record<string, unknown>
    for (const name of Object.keys(members)) {
      places.push(() => void (members[name] = replacement))
      walk(members[name])
    }
  }
  walk(root)
  places[place % places.length]?.()
  return root
}
