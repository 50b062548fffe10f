/** Signing with every suite that can: each engine judges the other, and misuse is refused. */
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex, utf8 } from '#core'
import { COMPOSITE_PREFIX, findSuite, parsePublicKey, type RawSigner, sign, type Suite, SUITE_IDS, verify } from '#suites'
import { nobleKey, nodeKey, type SoftwareKey } from './software-signer.ts'
import { flipBit, refusal } from '../support/hostile.ts'
import { ENGINES } from './support.ts'

const SUITES = SUITE_IDS.map(findSuite)
const SIGNING = SUITES.filter(({ canSign }) => canSign)
const [native, portable] = ENGINES
const MESSAGE = utf8('DSSEv1 28 application/vnd.in-toto+json 2 {}')

describe.each(SIGNING.filter(({ classical }) => classical === undefined || portable.supports(classical)))(
  '$id, signed and verified by different hands',
  (suite) => {
    it('signs with node:crypto what both engines verify', () => {
      expectGood(suite, nodeKey(suite))
    })

    it('signs with noble what both engines verify', () => {
      expectGood(suite, nobleKey(suite))
    })
  },
)

describe('mldsa65-rsa3072-pss, whose RSA half noble has not', () => {
  const suite = findSuite('mldsa65-rsa3072-pss')
  const { key, signer } = nodeKey(suite)
  const signature = sign(native, suite, signer, MESSAGE)

  it('is the only suite that signs and that the portable engine has not', () => {
    expect(SIGNING.filter(({ classical }) => classical !== undefined && !portable.supports(classical)).map(({ id }) => id)).toEqual([suite.id])
  })

  it('verifies natively, and the portable engine says that it cannot tell', () => {
    expect(verify(native, key, MESSAGE, signature)).toBe(true)
    expect(refusal(() => verify(portable, key, MESSAGE, signature))).toBe('SUITE_UNSUPPORTED')
  })
})

describe.each(SIGNING)('$id', (suite) => {
  const hasContext = suite.kind !== 'classical'

  it('verifies under its own context, message and key only', () => {
    const [made, other] = [nodeKey(suite), nodeKey(suite)]
    const ctx = utf8(hasContext ? 'a' : '')
    const signature = sign(native, suite, made.signer, MESSAGE, ctx)
    expect(verify(native, made.key, MESSAGE, signature, ctx)).toBe(true)
    expect(verify(native, made.key, MESSAGE, signature, utf8(hasContext ? '' : 'a'))).toBe(false)
    expect(verify(native, made.key, flipBit(MESSAGE, 3), signature, ctx)).toBe(false)
    expect(verify(native, other.key, MESSAGE, signature, ctx)).toBe(false)
    for (const at of [0, signature.length >> 1, signature.length - 1]) {
      expect(verify(native, made.key, MESSAGE, flipBit(signature, at), ctx)).toBe(false)
    }
  })

  it('refuses a context that it cannot take', () => {
    const tooLong = new Uint8Array(hasContext ? 256 : 1)
    expect(refusal(() => sign(native, suite, nodeKey(suite).signer, MESSAGE, tooLong))).toBe('INPUT_INVALID')
  })
})

describe.each(SIGNING.filter(({ kind }) => kind === 'classical'))('$id and a message that starts as a composite does', (suite) => {
  const { key, signer } = nodeKey(suite)
  const message = concatBytes(COMPOSITE_PREFIX, MESSAGE)

  it('does not sign it', () => {
    expect(refusal(() => sign(native, suite, signer, message))).toBe('INPUT_INVALID')
  })

  it('does not accept it, though the signature itself is good', () => {
    const primitive = suite.classical
    if (primitive === undefined) throw new Error('no primitive')
    const signature = signer.classical(primitive, message)
    for (const engine of ENGINES) {
      expect(engine.verify(primitive, key.raw, message, signature)).toBe(true)
      expect(verify(engine, key, message, signature)).toBe(false)
    }
  })
})

describe('suites that only verify', () => {
  const untouched: RawSigner = {
    mlDsa: () => expect.unreachable('asked to sign'),
    classical: () => expect.unreachable('asked to sign'),
  }

  it.each(SUITES.filter(({ canSign }) => !canSign))('refuse to sign: $id', (suite) => {
    expect(refusal(() => sign(native, suite, untouched, MESSAGE))).toBe('SUITE_UNSUPPORTED')
  })
})

describe('a signer that gives the wrong bytes', () => {
  it('is caught when its ML-DSA half has the wrong length', () => {
    const suite = findSuite('mldsa65-ecdsa-p256')
    const { signer } = nodeKey(suite)
    expect(refusal(() => sign(native, suite, { ...signer, mlDsa: () => new Uint8Array(2420) }, MESSAGE))).toBe('INTERNAL')
  })
})

describe.each(ENGINES)('the $name engine', (engine) => {
  const seed = new Uint8Array(32).fill(9)

  it('hedges: the same message twice gives two signatures', () => {
    const [one, two] = [engine.signMlDsa(65, seed, MESSAGE, utf8('')), engine.signMlDsa(65, seed, MESSAGE, utf8(''))]
    expect(toHex(one)).not.toBe(toHex(two))
  })

  it('refuses a seed or a context of the wrong length', () => {
    expect(refusal(() => engine.signMlDsa(65, seed.subarray(1), MESSAGE, utf8('')))).toBe('KEY_INVALID')
    expect(refusal(() => engine.publicKeyFromSeed(65, new Uint8Array(33)))).toBe('KEY_INVALID')
    expect(refusal(() => engine.signMlDsa(65, seed, MESSAGE, new Uint8Array(256)))).toBe('INPUT_INVALID')
  })

  it('leaves the seed as it was, and does not keep it', () => {
    const mine = Uint8Array.from(seed)
    const before = engine.publicKeyFromSeed(44, mine)
    engine.signMlDsa(44, mine, MESSAGE, utf8(''))
    expect(toHex(mine)).toBe(toHex(seed))
    mine.fill(0)
    expect(toHex(engine.publicKeyFromSeed(44, mine))).not.toBe(toHex(before))
  })
})

describe('deterministic signing', () => {
  it('is for tests, on the portable engine', () => {
    const seed = new Uint8Array(32).fill(9)
    const once = () => toHex(portable.signMlDsa(44, seed, MESSAGE, utf8(''), { deterministic: true }))
    expect(once()).toBe(once())
    expect(refusal(() => native.signMlDsa(44, seed, MESSAGE, utf8(''), { deterministic: true }))).toBe('SUITE_UNSUPPORTED')
  })
})

function expectGood(suite: Suite, { key, signer }: SoftwareKey): void {
  const read = parsePublicKey(key.spki)
  for (const ctx of suite.kind === 'classical' ? [''] : ['', 'a', 'x'.repeat(255)]) {
    const signature = sign(native, suite, signer, MESSAGE, utf8(ctx))
    for (const engine of ENGINES) expect([engine.name, ctx, verify(engine, read, MESSAGE, signature, utf8(ctx))]).toEqual([engine.name, ctx, true])
  }
}
