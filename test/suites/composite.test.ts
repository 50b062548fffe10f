/** Composite ML-DSA against the vectors of draft-ietf-lamps-pq-composite-sigs-19: all 18, both signatures, and everything that must fail. */
import { describe, expect, it } from 'vitest'
import { concatBytes, fromBase64, fromHex, toHex, utf8 } from '#core'
import {
  COMPOSITE_PREFIX,
  compositeMessage,
  encodePublicKey,
  type Engine,
  findSuite,
  joinPublicKey,
  joinSignature,
  mlDsaPrimitive,
  PRIMITIVES,
  type Primitive,
  type PublicKey,
  parsePublicKey,
  splitPublicKey,
  splitSignature,
  type Suite,
  SUITE_IDS,
  suiteByOid,
  verify,
} from '#suites'
import { certificateParts } from './certificate.ts'
import { flipBit, refusal } from '../support/hostile.ts'
import { ENGINES, tally, vectorJson, vectorText } from './support.ts'

interface Algorithm {
  readonly name: string
  readonly oid: string
  readonly label: string
  readonly preHash: string
  readonly mldsa: string
  readonly trad: string
  readonly rsaBits?: number
  readonly curve?: string
  readonly pss?: { readonly hash: string; readonly mgf1: string; readonly saltLength: number }
  readonly maxBytes: { readonly publicKey: number; readonly signature: number }
}
interface Vector {
  readonly tcId: string
  readonly pk: string
  readonly x5c: string
  readonly sk: string
  readonly s: string
  readonly sWithContext: string
}

const { algorithms } = vectorJson<{ algorithms: readonly Algorithm[] }>('composite/algorithms.json')
const { m, ctx, tests } = vectorJson<{ m: string; ctx: string; tests: readonly Vector[] }>('composite/testvectors.json')
const MESSAGE = fromBase64(m)
const CONTEXT = fromBase64(ctx)
const NONE = new Uint8Array()
const COMPOSITES = tests.flatMap((vector) => {
  const algorithm = algorithms.find(({ name }) => name === vector.tcId)
  return algorithm === undefined ? [] : [{ id: vector.tcId, algorithm, ...caseOf(suiteAt(algorithm.oid), vector) }]
})
const PURE = tests.filter(({ tcId }) => tcId.startsWith('id-ML-DSA-'))
const counted = tally('composite', 18 * 18 + 3 * 4)

describe.each(COMPOSITES)('$id', ({ algorithm, suite, key, plain, withContext, seed, certificate }) => {
  const halves = [mlDsaPrimitive(suite.mlDsa ?? 44), classicalOf(suite)] as const
  const mlDsaBytes = PRIMITIVES[halves[0]].signatureBytes
  const both = (work: (engine: Engine) => void) => counted.onBoth(halves, work)
  const accepts = (signature: Uint8Array, context: Uint8Array) =>
    both((engine) => expect(verify(engine, key, MESSAGE, signature, context)).toBe(true))
  const refuses = (signature: Uint8Array, context: Uint8Array = NONE, message: Uint8Array = MESSAGE, as: PublicKey = key) =>
    both((engine) => expect(verify(engine, as, message, signature, context)).toBe(false))

  it('has its row in the table', () => {
    expect(suite).toMatchObject({ kind: 'composite', hybrid: true, oid: algorithm.oid, label: algorithm.label })
    expect(suite.preHash).toBe(algorithm.preHash.toLowerCase().split('/')[0])
    expect(halves[0]).toBe(algorithm.mldsa.toLowerCase())
    expect(key.raw.length).toBeLessThanOrEqual(algorithm.maxBytes.publicKey)
    const half = PRIMITIVES[halves[1]]
    expect(halfOfTable(halves[1])).toEqual(halfOfDraft(algorithm))
    expect(mlDsaBytes + half.signatureBytes).toBe(algorithm.maxBytes.signature)
  })

  it('accepts the signature without and with context', () => {
    accepts(plain, NONE)
    accepts(withContext, CONTEXT)
  })

  it('makes the ML-DSA public key from the seed of the private key', () => {
    const want = toHex(splitPublicKey(suite, key.raw)?.mlDsa ?? NONE)
    counted.onBoth([halves[0]], (engine) => expect(toHex(engine.publicKeyFromSeed(suite.mlDsa ?? 44, seed))).toBe(want))
  })

  it('reads the public key of its certificate, which it signed itself', () => {
    expect(toHex(parsePublicKey(certificate.spki).spki)).toBe(toHex(key.spki))
    expect(parsePublicKey(certificate.spki).suite.id).toBe(suite.id)
    both((engine) => expect(verify(engine, key, certificate.signed, certificate.signature)).toBe(true))
  })

  it('refuses another context', () => {
    refuses(plain, CONTEXT)
    refuses(withContext, NONE)
    refuses(withContext, flipBit(CONTEXT, 0))
  })

  it('refuses one flipped bit in either half', () => {
    refuses(flipBit(plain, 0))
    refuses(flipBit(plain, mlDsaBytes - 1))
    refuses(flipBit(plain, plain.length - 1))
  })

  it('refuses halves of two good signatures put together', () => {
    const one = splitSignature(suite, plain)
    const other = splitSignature(suite, withContext)
    if (one === undefined || other === undefined) throw new Error('the vector does not split')
    refuses(joinSignature(suite, one.mlDsa, other.classical))
    refuses(joinSignature(suite, other.mlDsa, one.classical), CONTEXT)
    refuses(concatBytes(one.classical, one.mlDsa))
  })

  it('refuses a signature that was cut or extended', () => {
    refuses(plain.subarray(0, -1))
    refuses(plain.subarray(0, mlDsaBytes))
    refuses(concatBytes(plain, Uint8Array.of(0)))
    refuses(NONE)
  })

  it('refuses another message', () => {
    refuses(plain, NONE, flipBit(MESSAGE, 0))
  })

  it('evaluates both halves whichever is wrong', () => {
    for (const engine of ENGINES.filter((candidate) => candidate.supports(halves[1]))) {
      for (const wrong of [plain, flipBit(plain, 0), flipBit(plain, plain.length - 1)]) {
        const asked: Primitive[] = []
        const watched: Engine = { ...engine, verify: (primitive, ...rest) => (asked.push(primitive), engine.verify(primitive, ...rest)) }
        expect(verify(watched, key, MESSAGE, wrong)).toBe(wrong === plain)
        expect(asked).toEqual(halves)
      }
    }
  })

  it('refuses the signature under every other suite whose keys look the same', () => {
    for (const other of SUITE_IDS.map(findSuite).filter(({ id, kind, mlDsa }) => kind === 'composite' && mlDsa === suite.mlDsa && id !== suite.id)) {
      if (refusal(() => encodePublicKey(other, key.raw)) !== 'nothing thrown') continue
      const relabelled = encodePublicKey(other, key.raw)
      for (const engine of ENGINES.filter((candidate) => candidate.supports(classicalOf(other)))) {
        expect([other.id, verify(engine, relabelled, MESSAGE, plain)]).toEqual([other.id, false])
      }
    }
  })

  it('does not let its classical half pass for a classical signature', () => {
    const classical = SUITE_IDS.map(findSuite).find(({ kind, classical: primitive }) => kind === 'classical' && primitive === halves[1])
    const parts = splitSignature(suite, plain)
    const keys = splitPublicKey(suite, key.raw)
    if (parts === undefined || keys === undefined) throw new Error('the vector does not split')
    for (const engine of ENGINES.filter((candidate) => candidate.supports(halves[1]))) {
      const signed = compositeMessage(engine, suite, MESSAGE, NONE)
      expect(engine.verify(halves[1], keys.classical, signed, parts.classical)).toBe(true)
      const passes = classical !== undefined && verify(engine, encodePublicKey(classical, keys.classical), signed, parts.classical)
      expect(passes).toBe(false)
    }
  })

  it('does not let its ML-DSA half pass for a pure signature without the label', () => {
    const parts = splitSignature(suite, plain)
    const keys = splitPublicKey(suite, key.raw)
    if (parts === undefined || keys === undefined) throw new Error('the vector does not split')
    const pure = encodePublicKey(findSuite(`mldsa${suite.mlDsa}`), keys.mlDsa)
    for (const engine of ENGINES) {
      const signed = compositeMessage(engine, suite, MESSAGE, NONE)
      expect(verify(engine, pure, signed, parts.mlDsa)).toBe(false)
      expect(verify(engine, pure, MESSAGE, parts.mlDsa)).toBe(false)
      expect(verify(engine, pure, signed, parts.mlDsa, utf8(suite.label))).toBe(true)
    }
  })
})

describe.each(PURE)('$tcId', (vector) => {
  const suite = findSuite(vector.tcId.replace('id-ML-DSA-', 'mldsa'))
  const { key, plain, withContext, seed } = caseOf(suite, vector)
  const primitive = mlDsaPrimitive(suite.mlDsa ?? 44)

  it('accepts both signatures, each in its own context only', () => {
    counted.onBoth([primitive], (engine) => expect(verify(engine, key, MESSAGE, plain)).toBe(true))
    counted.onBoth([primitive], (engine) => expect(verify(engine, key, MESSAGE, withContext, CONTEXT)).toBe(true))
    counted.onBoth([primitive], (engine) => expect(verify(engine, key, MESSAGE, withContext)).toBe(false))
  })

  it('makes the public key from the seed', () => {
    counted.onBoth([primitive], (engine) => expect(toHex(engine.publicKeyFromSeed(suite.mlDsa ?? 44, seed))).toBe(toHex(key.raw)))
  })
})

describe('the composite message', () => {
  it.each(['ctx', 'noctx'])('is that of the draft for messageFormatSample_%s', (name) => {
    const sample = readSample(vectorText(`composite/messageFormatSample_${name}.md`))
    for (const engine of ENGINES) {
      const made = compositeMessage(engine, findSuite('mldsa65-ecdsa-p256'), fromHex(sample('M')), fromHex(sample('ctx')))
      expect(toHex(made)).toBe(sample("M'"))
    }
  })

  it('takes a context of 255 bytes and refuses one of 256', () => {
    const [engine] = ENGINES
    const suite = findSuite('mldsa65-ed25519')
    expect(compositeMessage(engine, suite, NONE, new Uint8Array(255))).toHaveLength(COMPOSITE_PREFIX.length + suite.label.length + 1 + 255 + 64)
    expect(refusal(() => compositeMessage(engine, suite, NONE, new Uint8Array(256)))).toBe('INPUT_INVALID')
  })

  it('is made for composites only', () => {
    expect(refusal(() => compositeMessage(ENGINES[0], findSuite('mldsa65'), NONE, NONE))).toBe('INTERNAL')
  })
})

describe('the vectors', () => {
  it('cover every composite of the table, by OID', () => {
    const inTable = SUITE_IDS.map(findSuite).filter(({ kind }) => kind === 'composite')
    expect(COMPOSITES.map(({ suite }) => suite.id)).toEqual(inTable.map(({ id }) => id))
    expect(COMPOSITES).toHaveLength(18)
    expect(PURE).toHaveLength(3)
  })

  it('refuse to join a half of the wrong length', () => {
    const suite = findSuite('mldsa65-ecdsa-p256')
    expect(refusal(() => joinSignature(suite, new Uint8Array(3308), new Uint8Array(64)))).toBe('INTERNAL')
    expect(refusal(() => joinPublicKey(suite, new Uint8Array(1953), new Uint8Array(65)))).toBe('INTERNAL')
  })
})

/** What the table says of a classical half, in the terms of the draft. */
function halfOfTable(primitive: Primitive) {
  const row = PRIMITIVES[primitive]
  switch (row.kind) {
    case 'rsa':
      return {
        rsaBits: row.bits,
        pss: row.padding === 'pss' ? { hash: row.hash, mgf1: row.hash, saltLength: row.hash === 'sha384' ? 48 : 32 } : undefined,
      }
    case 'ecdsa':
      return { trad: `ecdsa-with-${row.hash.toUpperCase()}`, curve: row.curve.replace(/^P-(\d+)$/, 'secp$1r1') }
    default:
      return { trad: `id-${primitive.replace('ed', 'Ed')}` }
  }
}

function halfOfDraft({ trad, curve, rsaBits, pss }: Algorithm) {
  if (rsaBits !== undefined) return { rsaBits, pss }
  return curve === undefined ? { trad } : { trad, curve }
}

function caseOf(suite: Suite, vector: Vector) {
  return {
    suite,
    key: encodePublicKey(suite, fromBase64(vector.pk)),
    plain: fromBase64(vector.s),
    withContext: fromBase64(vector.sWithContext),
    seed: fromBase64(vector.sk).subarray(0, 32),
    certificate: certificateParts(fromBase64(vector.x5c)),
  }
}

function suiteAt(oid: string): Suite {
  const suite = suiteByOid(oid)
  if (suite === undefined) throw new Error(`no suite has OID ${oid}`)
  return suite
}

function classicalOf(suite: Suite): Primitive {
  if (suite.classical === undefined) throw new Error(`${suite.id} has no classical half`)
  return suite.classical
}

/** Lines `name: hex`, with the hex wrapped over the lines that follow. */
function readSample(text: string): (name: string) => string {
  const values = new Map<string, string>()
  let current = ''
  for (const line of text.split('\n').filter((candidate) => !candidate.startsWith('#'))) {
    const [, name, value = line] = /^([^:]+):(.*)$/.exec(line) ?? []
    current = line === '' ? '' : (name ?? current)
    if (name !== undefined) values.set(current, '')
    if (current !== '') values.set(current, (values.get(current) ?? '') + value.trim().replace('<empty>', ''))
  }
  return (name) => {
    const value = values.get(name)
    if (value === undefined) throw new Error(`the sample has no ${name}`)
    return value
  }
}
