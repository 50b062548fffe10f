/** Wycheproof: every case of every file, on both engines where both have the primitive. */
import { ml_dsa44, ml_dsa65 } from '@noble/post-quantum/ml-dsa.js'
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
import { ENGINES, refusal, tally, vectorJson } from './support.ts'

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
  const scheme = { 44: ml_dsa44, 65: ml_dsa65, 87: undefined }[set]
  const [native, portable] = ENGINES

  it('makes exactly these signatures where it signs deterministically, and accepts them elsewhere', () => {
    const file = vectorJson<File<SignGroup>>(`wycheproof/mldsa_${set}_sign_seed_test.json.gz`)
    let cases = 0
    for (const group of file.testGroups) {
      const seed = fromHex(group.privateSeed)
      const publicKey = fromHex(group.publicKey ?? '')
      for (const test of group.tests) {
        cases++
        const at = `${set} ${test.tcId} ${test.comment}`
        const ctx = fromHex(test.ctx ?? '')
        if (test.result === 'invalid') {
          counted.onBoth([mlDsaPrimitive(set)], (engine) => {
            expect([at, refusal(() => engine.signMlDsa(set, seed, fromHex(test.msg ?? ''), ctx))]).toEqual([at, refusalOf(test)])
          })
        } else if (test.msg === undefined || test.rnd !== undefined) {
          // The Engine port takes messages, and its own randomness; the library under the portable engine takes mu and rnd.
          counted.outsidePort('portable', test.rnd === undefined ? 'mu given, which no engine takes' : 'rnd given, which no engine takes', () => {
            const secretKey = scheme?.keygen(seed).secretKey ?? new Uint8Array()
            const options = { extraEntropy: test.rnd === undefined ? (false as const) : fromHex(test.rnd) }
            const made =
              test.msg === undefined
                ? scheme?.internal.sign(fromHex(test.mu ?? ''), secretKey, { ...options, externalMu: true })
                : scheme?.sign(fromHex(test.msg), secretKey, { ...options, context: ctx })
            expect([at, toHex(made ?? new Uint8Array())]).toEqual([at, test.sig])
          })
        } else {
          const message = fromHex(test.msg)
          counted.onBoth([mlDsaPrimitive(set)], (engine) => {
            expect([at, toHex(engine.publicKeyFromSeed(set, seed))]).toEqual([at, group.publicKey])
            expect([at, engine.verify(mlDsaPrimitive(set), publicKey, message, fromHex(test.sig), ctx)]).toEqual([at, true])
            if (engine === portable) expect([at, toHex(engine.signMlDsa(set, seed, message, ctx, { deterministic: true }))]).toEqual([at, test.sig])
            else
              expect([at, native.verify(mlDsaPrimitive(set), publicKey, message, engine.signMlDsa(set, seed, message, ctx), ctx)]).toEqual([at, true])
          })
        }
      }
      if (group.privateKeyPkcs8 !== undefined && seed.length === 32) {
        expect(toHex(encodeSeedPkcs8(set, seed))).toBe(group.privateKeyPkcs8)
        for (const engine of ENGINES) expect(parseMlDsaPrivateKey(fromHex(group.privateKeyPkcs8), engine)).toEqual({ set, seed })
      }
    }
    expect(cases).toBe(file.numberOfTests)
  })
})

function refusalOf({ flags }: Case): string {
  return flags.includes('InvalidContext') ? 'INPUT_INVALID' : 'KEY_INVALID'
}

/** Through the key parser where a suite has that key; a key of the wrong length must be refused there and goes on raw. */
function rawPublicKey(primitive: Primitive, der: Uint8Array): Uint8Array {
  if (primitive === 'ed448') return der.subarray(12) // no suite of its own: RFC 8410's 12 bytes before the key
  if (!primitive.startsWith('ml-dsa')) return parsePublicKey(der).raw
  const raw = der.subarray(22) // the 22 bytes before a key of this size in SPKI
  const suite = findSuite(primitive.replace('ml-dsa-', 'mldsa'))
  if (refusal(() => encodePublicKey(suite, raw)) === 'nothing thrown') expect(toHex(parsePublicKey(der).raw)).toBe(toHex(raw))
  else expect(refusal(() => parsePublicKey(der))).toBe('KEY_INVALID')
  return raw
}
