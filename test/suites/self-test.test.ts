/** The tests at start: they pass on both engines, are quick, and catch an engine that is wrong in any one way. */
import { describe, expect, it } from 'vitest'
import { type Engine, PRIMITIVES, type Primitive, selfTest } from '#suites'
import { flipBit, refusal } from '../support/hostile.ts'
import { ENGINES } from './support.ts'

const [native] = ENGINES

describe.each(ENGINES)('the $name engine', (engine) => {
  it('passes', () => {
    expect(refusal(() => selfTest(engine))).toBe('nothing thrown')
  })

  it.each<[fault: string, broken: Engine]>([
    [
      'ignores the context when it verifies',
      { ...engine, verify: (primitive, key, message, signature) => engine.verify(primitive, key, message, signature) },
    ],
    [
      // What node:crypto 24.6 and 24.7 did: silent on both sides.
      'ignores the context when it signs and verifies',
      {
        ...engine,
        verify: (primitive, key, message, signature) => engine.verify(primitive, key, message, signature),
        signMlDsa: (set, seed, message) => engine.signMlDsa(set, seed, message, new Uint8Array()),
      },
    ],
    ['accepts everything', { ...engine, verify: () => true }],
    ['refuses everything', { ...engine, verify: () => false }],
    ['makes a wrong public key', { ...engine, publicKeyFromSeed: (set, seed) => flipBit(engine.publicKeyFromSeed(set, seed), 7) }],
    ['hashes wrongly', { ...engine, digest: (hash, ...parts) => flipBit(engine.digest(hash, ...parts), 0) }],
    ['signs wrongly', { ...engine, signMlDsa: (...args) => flipBit(engine.signMlDsa(...args), 100) }],
  ])('is refused when it %s', (_fault, broken) => {
    expect(refusal(() => selfTest(broken))).toBe('SELF_TEST_FAILED')
  })

  it.each<Primitive>(['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87', 'ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519'])(
    'is refused when %s alone accepts everything, or nothing',
    (faulty) => {
      for (const answer of [true, false]) {
        const broken: Engine = { ...engine, verify: (primitive, ...rest) => (primitive === faulty ? answer : engine.verify(primitive, ...rest)) }
        expect(refusal(() => selfTest(broken))).toBe('SELF_TEST_FAILED')
      }
    },
  )
})

it('has an engine for every primitive of the table', () => {
  const primitives = Object.keys(PRIMITIVES) as Primitive[]
  expect(primitives.filter((primitive) => !native.supports(primitive))).toEqual([])
  expect(primitives.filter((primitive) => !ENGINES[1].supports(primitive)).every((primitive) => primitive.startsWith('rsa'))).toBe(true)
})
