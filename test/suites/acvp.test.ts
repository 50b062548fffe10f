/** NIST ACVP: ML-DSA key generation, signing and verification (FIPS 204), SLH-DSA key generation and verification (FIPS 205). */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { sha512 } from '@noble/hashes/sha2.js'
import { sha3_512, shake256_64 } from '@noble/hashes/sha3.js'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import * as slhDsa from '@noble/post-quantum/slh-dsa.js'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toHex } from '#core'
import { type MlDsaSet, mlDsaPrimitive, type Primitive, PRIMITIVES } from '#suites'
import { ENGINES, flipBit, tally, vectorJson } from './support.ts'

interface Group {
  readonly parameterSet: string
  readonly deterministic?: boolean
  readonly signatureInterface?: 'external' | 'internal'
  readonly preHash?: 'pure' | 'preHash' | 'none'
  readonly externalMu?: boolean
  readonly tests: readonly Readonly<Record<string, unknown> & { tcId: number }>[]
}

const [, portable] = ENGINES
const SCHEMES = { 44: ml_dsa44, 65: ml_dsa65, 87: ml_dsa87 } as const
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
      const made = () => expect([test.tcId, toHex(sign())]).toEqual([test.tcId, hex(test.signature)])
      if (isPure(group)) {
        // Engines sign from seeds; the library under one makes the signature from the expanded key, both accept it.
        made()
        counted.onBoth([mlDsaPrimitive(set)], (engine) => {
          const accepted = engine.verify(mlDsaPrimitive(set), publicKey, bytes(test.message), bytes(test.signature), bytes(test.context))
          expect([test.tcId, accepted]).toEqual([test.tcId, true])
        })
      } else counted.outsidePort('portable', OUTSIDE, made)
    }
  })

  it('gives every sigVer verdict', () => {
    for (const { group, set, test } of mlDsaCases('sigVer')) {
      const [publicKey, signature] = [bytes(test.pk), bytes(test.signature)]
      const judged = (verdict: boolean) => expect([test.tcId, verdict]).toEqual([test.tcId, test.testPassed])
      if (isPure(group)) {
        counted.onBoth([mlDsaPrimitive(set)], (engine) =>
          judged(engine.verify(mlDsaPrimitive(set), publicKey, bytes(test.message), signature, bytes(test.context))),
        )
      } else if (group.signatureInterface === 'internal') {
        const externalMu = group.externalMu === true
        const message = bytes(externalMu ? test.mu : test.message)
        counted.outsidePort('portable', OUTSIDE, () => judged(SCHEMES[set].internal.verify(signature, message, publicKey, { externalMu })))
      } else {
        const options = { context: bytes(test.context) }
        counted.outsidePort('portable', OUTSIDE, () => judged(variantOf(set, group, test).verify(signature, bytes(test.message), publicKey, options)))
      }
    }
  })
})

describe('SLH-DSA', () => {
  it('makes every keyGen key', { timeout: 120_000 }, () => {
    for (const group of groups('SLH-DSA-keyGen-FIPS205')) {
      for (const test of group.tests) {
        // Engines verify SLH-DSA only: the library under the portable one makes the key, and OpenSSL takes it apart.
        counted.onBoth([slhPrimitive(group)], (engine) => {
          if (engine === portable) {
            const { publicKey, secretKey } = slhScheme(group).keygen(concatBytes(bytes(test.skSeed), bytes(test.skPrf), bytes(test.pkSeed)))
            expect([test.tcId, toHex(publicKey), toHex(secretKey)]).toEqual([test.tcId, hex(test.pk), hex(test.sk)])
          } else expect([test.tcId, nativePublicKey(slhPrimitive(group), bytes(test.sk))]).toEqual([test.tcId, hex(test.pk)])
        })
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

function isPure({ signatureInterface, preHash }: Group): boolean {
  return signatureInterface === 'external' && preHash === 'pure'
}

function variantOf(set: MlDsaSet, group: Group, test: Readonly<Record<string, unknown>>) {
  if (group.preHash !== 'preHash') return SCHEMES[set]
  return SCHEMES[set].prehash(PRE_HASHES[test.hashAlg as keyof typeof PRE_HASHES])
}

function slhPrimitive({ parameterSet }: Group): Primitive {
  const primitive = parameterSet.toLowerCase()
  if (!Object.hasOwn(PRIMITIVES, primitive)) throw new Error(`no primitive ${primitive}`)
  return primitive as Primitive
}

function slhScheme({ parameterSet }: Group) {
  return slhDsa[parameterSet.toLowerCase().replaceAll('-', '_') as 'slh_dsa_sha2_128f']
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
