/** The statement over an offer holds the whole of it, and says what it holds. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '#core'
import { buildStatement, parseStatement } from '#envelopes'
import { canonicalOffer, diffOffers, type Offer, OFFER_PREDICATE_TYPE, offerDigest, offerStatement, readOfferStatement } from '#toolsets'
import { EVERYTHING, offerOfServer } from '../support/real-mcp-server.ts'

let real: Offer
beforeAll(async () => {
  real = await offerOfServer(EVERYTHING)
})

describe('the statement over an offer', () => {
  it('is accepted by the builder and the reader of statements, and gives the same offer back', () => {
    const read = throughWire(real)
    expect(read.subjects).toEqual([{ name: 'mcp-servers/everything', sha256: offerDigest(real) }])
    expect(diffOffers(real, readOfferStatement(read))).toEqual([])
    expect(canonicalOffer(readOfferStatement(read))).toEqual(canonicalOffer(real))
  })

  it('can be as deep as an offer may be', () => {
    const deep = (levels: number): JsonValue => (levels === 0 ? 1 : [deep(levels - 1)])
    const offer = { ...real, tools: [{ name: 'a', deep: deep(27) }] } // with offer, list and tool: 30
    expect(offerDigest(readOfferStatement(throughWire(offer)))).toBe(offerDigest(offer))
    expect(() => offerDigest({ ...real, tools: [{ name: 'a', deep: deep(28) }] })).toThrow(/nested deeper than 30/)
  })

  it('is refused when its subject is another offer, another server, or more than one', () => {
    const read = throughWire(real)
    const [subject = { name: '', sha256: '' }] = read.subjects
    for (const subjects of [[], [subject, subject], [{ ...subject, name: 'other' }], [{ ...subject, sha256: '0'.repeat(64) }]])
      expect(() => readOfferStatement({ ...read, subjects })).toThrow(/subject/)
  })

  it('is refused when it is something else, or holds more or less', () => {
    const read = throughWire(real)
    const { offer } = read.predicate as { offer: JsonObject }
    const { tools: _, ...less } = offer
    expect(() => readOfferStatement({ ...read, predicateType: 'https://slsa.dev/provenance/v1' })).toThrow(OFFER_PREDICATE_TYPE)
    for (const predicate of [{}, { offer, more: 1 }, { offer: { ...offer, more: 1 } }, { offer: less }, [offer], { offer: { ...offer, tools: {} } }])
      expect(() => readOfferStatement({ ...read, predicate })).toThrow(expect.objectContaining({ code: 'FORMAT_INVALID' }))
  })
})

function throughWire(offer: Offer): Extract<ReturnType<typeof parseStatement>, { kind: 'other' }> {
  const { predicateType, predicate, subjects } = offerStatement(offer)
  const statement = parseStatement(buildStatement({ predicateType, predicate: predicate as JsonValue, subjects }))
  if (statement.kind !== 'other') throw new Error('the statement is of a model')
  return statement
}
