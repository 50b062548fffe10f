/** NIST ACVP: ML-DSA key generation, signing and verification (FIPS 204), SLH-DSA key generation and verification (FIPS 205). */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { sha512 } from '@noble/hashes/sha2.js'
import { sha3_512, shake256_64 } from '@noble/hashes/sha3.js'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import * as slhDsa from '@noble/post-quantum/slh-dsa.js'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toHex } from '#core'
import { type Engine, type MlDsaSet, mlDsaPrimitive, type Primitive, PRIMITIVES } from '#suites'
import { flipBit } from '../support/hostile.ts'
import { tally, vectorJson } from './support.ts'

interface Group {
  readonly parameterSet: string
  readonly deterministic?: boolean
  readonly signatureInterface?: 'external' | 'internal'
  readonly preHash?: 'pure' | 'preHash' | 'none'
  readonly externalMu?: boolean
  readonly tests: readonly Readonly<Record<string, unknown> & { tcId: number }>[]
}

const SCHEMES = { 44: ml_dsa44, 65: ml_dsa65, 87: ml_dsa87 } as const
const SLH_SCHEMES = new Map(Object.entries(slhDsa) as [string, typeof slhDsa.slh_dsa_sha2_128f][])
const PRE_HASHES = { 'SHA2-512': sha512, 'SHA3-512': sha3_512, 'SHAKE-256': shake256_64 } as const
const counted = tally('acvp', 12 + 24 + 26 + 36 + 6)

describe('ML-DSA', () => {
  it('makes the public key of every keyGen seed, and takes the expanded key with it', () => {
    for (const { group, set, test } of mlDsaCases('keyGen')) {
      counted.onBoth([mlDsaPrimitive(set)], (engine) => {
        expect([test.tcId, toHex(engine.publicKeyFromSeed(set, bytes(test.seed)))]).toEqual([test.tcId, hex(test.pk)])
        const key = { set, seed: bytes(test.seed), expanded: bytes(test.sk) }
        expect(engine.acceptsPrivateKey(key)).toBe(true)
        expect(engine.acceptsPrivateKey({ set, expanded: key.expanded })).toBe(true)
        for (const at of [0, 40, 100, 200, key.expanded.length - 1]) {
          expect([group.parameterSet, at, engine.acceptsPrivateKey({ ...key, expanded: flipBit(key.expanded, at) })]).toEqual([
            group.parameterSet,
            at,
            false,
          ])
        }
      })
    }
  })

  it('makes every sigGen signature, and accepts it where the interface is the external pure one', () => {
    for (const { group, set, test } of mlDsaCases('sigGen')) {
      const scheme = SCHEMES[set]
      const secretKey = bytes(test.sk)
      const publicKey = scheme.getPublicKey(secretKey)
      const extraEntropy = group.deterministic === true ? (false as const) : bytes(test.rnd)
      const sign = () => {
        if (group.signatureInterface === 'internal') {
          const externalMu = group.externalMu === true
          return scheme.internal.sign(bytes(externalMu ? test.mu : test.message), secretKey, { extraEntropy, externalMu })
        }
        return variantOf(set, group, test).sign(bytes(test.message), secretKey, { extraEntropy, context: bytes(test.context) })
      }
      // Engines sign from seeds: the library under the portable one makes the signature from the expanded key, and both accept it.
      expect([test.tcId, toHex(sign())]).toEqual([test.tcId, hex(test.signature)])
      countVerification(set, group, test, publicKey, true)
    }
  })

  it('gives every sigVer verdict', () => {
    for (const { group, set, test } of mlDsaCases('sigVer')) countVerification(set, group, test, bytes(test.pk), test.testPassed === true)
  })
})

describe('SLH-DSA', () => {
  it('makes every keyGen key', { timeout: 300_000 }, () => {
    for (const group of groups('SLH-DSA-keyGen-FIPS205')) {
      for (const test of group.tests) {
        // Engines verify SLH-DSA only: the library under the portable one makes the key, and OpenSSL takes it apart.
        const made: Readonly<Record<Engine['name'], () => string>> = {
          portable: () => toHex(slhScheme(group).keygen(concatBytes(bytes(test.skSeed), bytes(test.skPrf), bytes(test.pkSeed))).publicKey),
          native: () => nativePublicKey(slhPrimitive(group), bytes(test.sk)),
        }
        const judge = (name: Engine['name']) => expect([name, test.tcId, made[name]()]).toEqual([name, test.tcId, hex(test.pk)])
        // A small set's key is made of hundreds of thousands of hashes: the library has made one of each.
        if (isSmall(group) && test !== group.tests[0]) counted.outsidePort('native', 'small SLH-DSA sets after the first', () => judge('native'))
        else counted.onBoth([slhPrimitive(group)], ({ name }) => judge(name))
      }
    }
  })

  it('gives every sigVer verdict of the internal interface', () => {
    for (const group of groups('SLH-DSA-sigVer-FIPS205-internal')) {
      for (const test of group.tests) {
        const verdict = () => slhScheme(group).internal.verify(bytes(test.signature), bytes(test.message), bytes(test.pk))
        counted.outsidePort('portable', OUTSIDE, () => expect([test.tcId, verdict()]).toEqual([test.tcId, test.testPassed]))
      }
    }
  })
})

const OUTSIDE = 'pre-hash or internal interface, which no engine offers'

function groups(name: string): readonly Group[] {
  return vectorJson<{ testGroups: readonly Group[] }>(`acvp/${name}.subset.json`).testGroups
}

function mlDsaCases(mode: 'keyGen' | 'sigGen' | 'sigVer') {
  return groups(`ML-DSA-${mode}-FIPS204`).flatMap((group) =>
    group.tests.map((test) => ({ group, test, set: Number(group.parameterSet.slice(-2)) as MlDsaSet })),
  )
}

/** The external pure interface on both engines, the others on the library under the portable one. */
function countVerification(set: MlDsaSet, group: Group, test: Group['tests'][number], publicKey: Uint8Array, want: boolean): void {
  const signature = bytes(test.signature)
  const judge = (verdict: boolean) => expect([test.tcId, verdict]).toEqual([test.tcId, want])
  if (isPure(group)) {
    const [message, ctx] = [bytes(test.message), bytes(test.context)]
    counted.onBoth([mlDsaPrimitive(set)], (engine) => judge(engine.verify(mlDsaPrimitive(set), publicKey, message, signature, ctx)))
    return
  }
  counted.outsidePort('portable', OUTSIDE, () => {
    if (group.signatureInterface !== 'internal') {
      return judge(variantOf(set, group, test).verify(signature, bytes(test.message), publicKey, { context: bytes(test.context) }))
    }
    const externalMu = group.externalMu === true
    return judge(SCHEMES[set].internal.verify(signature, bytes(externalMu ? test.mu : test.message), publicKey, { externalMu }))
  })
}

function isPure({ signatureInterface, preHash }: Group): boolean {
  return signatureInterface === 'external' && preHash === 'pure'
}

function variantOf(set: MlDsaSet, group: Group, test: Readonly<Record<string, unknown>>) {
  if (group.preHash !== 'preHash') return SCHEMES[set]
  return SCHEMES[set].prehash(PRE_HASHES[test.hashAlg as keyof typeof PRE_HASHES])
}

function isSmall({ parameterSet }: Group): boolean {
  return parameterSet.endsWith('s')
}

function slhPrimitive({ parameterSet }: Group): Primitive {
  const primitive = parameterSet.toLowerCase()
  if (!Object.hasOwn(PRIMITIVES, primitive)) throw new Error(`no primitive ${primitive}`)
  return primitive as Primitive
}

function slhScheme({ parameterSet }: Group) {
  const scheme = SLH_SCHEMES.get(parameterSet.toLowerCase().replaceAll('-', '_'))
  if (scheme === undefined) throw new Error(`noble has no ${parameterSet}`)
  return scheme
}

function nativePublicKey(primitive: Primitive, secretKey: Uint8Array): string {
  const asymmetricKeyType = primitive as 'slh-dsa-sha2-128s'
  const key = createPrivateKey({ key: Buffer.from(secretKey), format: 'raw-private', asymmetricKeyType })
  return createPublicKey(key).export({ format: 'raw-public' }).toString('hex')
}

function bytes(value: unknown): Uint8Array {
  return fromHex(hex(value))
}

function hex(value: unknown): string {
  if (typeof value !== 'string') throw new Error('the vector has no such member')
  return value.toLowerCase()
}
