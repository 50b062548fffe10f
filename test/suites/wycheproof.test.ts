/** Wycheproof: every case of every file, on both engines where both have the primitive. */
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '#core'
import {
  encodePublicKey,
  encodeSeedPkcs8,
  type Engine,
  findSuite,
  type MlDsaSet,
  mlDsaPrimitive,
  type Primitive,
  parseMlDsaPrivateKey,
  parsePublicKey,
} from '#suites'
import { refusal } from '../support/hostile.ts'
import { ENGINES, tally, vectorJson } from './support.ts'

interface Case {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly result: 'valid' | 'invalid'
  readonly sig: string
}
interface File<Group> {
  readonly numberOfTests: number
  readonly testGroups: readonly Group[]
}
interface VerifyGroup {
  readonly publicKeyDer: string
  readonly tests: readonly (Case & { readonly msg: string; readonly ctx?: string })[]
}
interface SignGroup {
  readonly privateSeed: string
  readonly privateKeyPkcs8?: string
  readonly publicKey?: string | null
  readonly tests: readonly (Case & { readonly msg?: string; readonly mu?: string; readonly ctx?: string; readonly rnd?: string })[]
}

const counted = tally('wycheproof', 631 + 484 + 504 + 151 + 87 + 108 + 191)

describe.each<[file: string, primitive: Primitive]>([
  ['mldsa_44_verify_test', 'ml-dsa-44'],
  ['mldsa_65_verify_test', 'ml-dsa-65'],
  ['mldsa_87_verify_test', 'ml-dsa-87'],
  ['ecdsa_secp256r1_sha256_test', 'ecdsa-p256'],
  ['ecdsa_secp384r1_sha384_test', 'ecdsa-p384'],
  ['ed25519_test', 'ed25519'],
  ['ed448_test', 'ed448'],
  ['rsa_pss_3072_sha256_mgf1_32_test', 'rsa3072-pss'],
])('%s', (name, primitive) => {
  it('accepts what is valid and refuses what is not', () => {
    const file = vectorJson<File<VerifyGroup>>(`wycheproof/${name}.json.gz`)
    let cases = 0
    for (const group of file.testGroups) {
      const publicKey = rawPublicKey(primitive, fromHex(group.publicKeyDer))
      for (const test of group.tests) {
        const { ctx } = test
        const ask = (engine: Engine) =>
          engine.verify(primitive, publicKey, fromHex(test.msg), fromHex(test.sig), ...(ctx === undefined ? [] : [fromHex(ctx)]))
        counted.onBoth([primitive], (engine) =>
          expect([engine.name, name, test.tcId, ask(engine)]).toEqual([engine.name, name, test.tcId, test.result === 'valid']),
        )
        cases++
      }
    }
    expect(cases).toBe(file.numberOfTests)
  })
})

describe.each<[set: MlDsaSet]>([[44], [65]])('mldsa_%s_sign_seed_test', (set) => {
  const file = vectorJson<File<SignGroup>>(`wycheproof/mldsa_${set}_sign_seed_test.json.gz`)
  const cases = file.testGroups.flatMap((group) => group.tests.map((test) => signCase(set, group, test)))
  const primitive = mlDsaPrimitive(set)

  it('refuses to sign what is invalid', () => {
    for (const { at, seed, message, ctx, want } of cases.filter(({ kind }) => kind === 'refused')) {
      counted.onBoth([primitive], (engine) => expect([at, refusal(() => engine.signMlDsa(set, seed, message, ctx))]).toEqual([at, want]))
    }
  })

  it('makes exactly these signatures where it signs deterministically, accepts them, and accepts its own', () => {
    for (const { at, seed, message, ctx, publicKey, want } of cases.filter(({ kind }) => kind === 'signed')) {
      counted.onBoth([primitive], (engine) => {
        const deterministic = engine.name === 'portable'
        const made = engine.signMlDsa(set, seed, message, ctx, { deterministic })
        expect([at, toHex(engine.publicKeyFromSeed(set, seed))]).toEqual([at, toHex(publicKey)])
        expect([at, toHex(made) === want]).toEqual([at, deterministic])
        expect([at, engine.verify(primitive, publicKey, message, made, ctx)]).toEqual([at, true])
        expect([at, engine.verify(primitive, publicKey, message, fromHex(want), ctx)]).toEqual([at, true])
      })
    }
  })

  // The Engine port takes messages, and its own randomness; the library under the portable engine takes mu and rnd.
  it('has a library that makes exactly these signatures from mu or with randomness given', () => {
    const scheme = { 44: ml_dsa44, 65: ml_dsa65, 87: ml_dsa87 }[set]
    for (const { at, seed, message, ctx, mu, rnd, want } of cases.filter(({ kind }) => kind === 'outside')) {
      counted.outsidePort('portable', 'mu or randomness given, which no engine takes', () => {
        const { secretKey } = scheme.keygen(seed)
        const extraEntropy = rnd ?? (false as const)
        const made =
          mu === undefined
            ? scheme.sign(message, secretKey, { extraEntropy, context: ctx })
            : scheme.internal.sign(mu, secretKey, { extraEntropy, externalMu: true })
        expect([at, toHex(made)]).toEqual([at, want])
      })
    }
  })

  it('gives its seeds as RFC 9881 private keys, which are read and written the same', () => {
    const keys = file.testGroups.flatMap(({ privateSeed, privateKeyPkcs8 }) =>
      privateKeyPkcs8 === undefined ? [] : [{ privateSeed, privateKeyPkcs8 }],
    )
    const whole = keys.filter(({ privateSeed }) => privateSeed.length === 64)
    expect(whole.length).toBeGreaterThan(10)
    for (const { privateSeed, privateKeyPkcs8 } of whole) {
      expect(toHex(encodeSeedPkcs8(set, fromHex(privateSeed)))).toBe(privateKeyPkcs8)
      for (const engine of ENGINES) expect(parseMlDsaPrivateKey(fromHex(privateKeyPkcs8), engine)).toEqual({ set, seed: fromHex(privateSeed) })
    }
    for (const { privateKeyPkcs8 } of keys.filter((key) => !whole.includes(key))) {
      for (const engine of ENGINES) expect(refusal(() => parseMlDsaPrivateKey(fromHex(privateKeyPkcs8), engine))).toBe('KEY_INVALID')
    }
  })

  it('was read whole', () => {
    expect(cases).toHaveLength(file.numberOfTests)
  })
})

function signCase(set: MlDsaSet, group: SignGroup, test: SignGroup['tests'][number]) {
  const invalid = test.result === 'invalid'
  const kind = invalid ? 'refused' : test.msg === undefined || test.rnd !== undefined ? 'outside' : 'signed'
  return {
    kind,
    at: `${set} ${test.tcId} ${test.comment}`,
    seed: fromHex(group.privateSeed),
    publicKey: fromHex(group.publicKey ?? ''),
    message: fromHex(test.msg ?? ''),
    ctx: fromHex(test.ctx ?? ''),
    mu: test.msg === undefined ? fromHex(test.mu ?? '') : undefined,
    rnd: test.rnd === undefined ? undefined : fromHex(test.rnd),
    want: invalid ? (test.flags.includes('InvalidContext') ? 'INPUT_INVALID' : 'KEY_INVALID') : test.sig,
  } as const
}

/** Through the key parser where a suite has that key; a key of the wrong length must be refused there and goes on raw. */
function rawPublicKey(primitive: Primitive, der: Uint8Array): Uint8Array {
  if (primitive === 'ed448') return der.subarray(12) // no suite of its own: RFC 8410's 12 bytes before the key
  if (!primitive.startsWith('ml-dsa')) return parsePublicKey(der).raw
  const raw = der.subarray(22) // the 22 bytes before a key of this size in SPKI
  const suite = findSuite(primitive.replace('ml-dsa-', 'mldsa'))
  expect(refusal(() => parsePublicKey(der))).toBe(refusal(() => encodePublicKey(suite, raw)))
  return raw
}
