/** JSON Web Keys, judged by node:crypto where it knows the type, by published thumbprints, and by hostile input. */
import { createECDH, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeJwk, parseJwk } from '#certificates'
import { fromHex, SealstoneError, toHex } from '#core'
import { encodePublicKey, findSuite, joinPublicKey, type PublicKey, type Suite, SUITE_IDS } from '#suites'
import { nativeEngine } from '#suites/native'
import { refusal } from '../support/hostile.ts'
import { anyKey } from '../suites/any-key.ts'
import { nodeKey } from '../suites/software-signer.ts'
import { vectorJson } from '../suites/support.ts'

interface Published {
  readonly alg: string
  readonly seed: string
  readonly ecdsa_d?: string
  readonly eddsa_seed?: string
  readonly kid: string
}

const engine = nativeEngine()
const NODE_KNOWS = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa2048-pss', 'rsa3072-pss', 'rsa4096-pss', 'mldsa44', 'mldsa65', 'mldsa87']
const COMPOSITES = ['mldsa44-ecdsa-p256', 'mldsa65-ecdsa-p256', 'mldsa87-ecdsa-p384', 'mldsa44-ed25519', 'mldsa65-ed25519']

describe.each(NODE_KNOWS)('a key of %s', (id) => {
  const { key } = nodeKey(findSuite(id))
  const jwk = encodeJwk(engine, key)

  it('is read by node:crypto as the same key', () => {
    const read = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    expect(toHex(spki(read))).toBe(toHex(key.spki))
  })

  it('is read back from what node:crypto writes, and has the same members', () => {
    const written = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' }).export({ format: 'jwk' })
    expect(jwk).toMatchObject(written)
    const read = parseJwk(engine, JSON.stringify(written))
    expect([read.key.suite.id, toHex(read.key.spki), read.kid]).toEqual([id, toHex(key.spki), undefined])
    expect(read.thumbprint).toBe(jwk.kid)
  })
})

describe.each([...NODE_KNOWS, ...COMPOSITES])('a JWK of %s', (id) => {
  const { key } = nodeKey(findSuite(id))
  const jwk = encodeJwk(engine, key)

  it('is read back', () => {
    expect(parseJwk(engine, JSON.stringify(jwk))).toEqual({ key: plain(key), thumbprint: jwk.kid, kid: jwk.kid })
    expect(jwk.use).toBe('sig')
  })

  it('refuses a member that is missing, unknown, private or of another type', () => {
    const optional = jwk.kty === 'AKP' ? ['use', 'kid'] : ['use', 'kid', 'alg']
    for (const name of Object.keys(jwk)) {
      const { [name]: _, ...rest } = jwk
      expect([name, refused(rest)]).toEqual([name, optional.includes(name) ? 'nothing thrown' : 'FORMAT_INVALID'])
      for (const value of [1, null, true, ['x'], {}, '']) expect([name, refused({ ...jwk, [name]: value })]).toEqual([name, 'FORMAT_INVALID'])
    }
    for (const name of ['x5c', 'x5u', 'ext', 'toString', '__proto__'])
      expect(refused(`{"${name}":"x",${JSON.stringify(jwk).slice(1)}`)).toBe('FORMAT_INVALID')
    for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv', 'seed']) expect(refused({ ...jwk, [name]: 'AAAA' })).toBe('KEY_INVALID')
  })

  it('refuses another algorithm or purpose', () => {
    for (const change of [{ alg: 'none' }, { alg: 'RS256' }, { alg: 'ML-DSA-66' }, { kty: 'oct' }, { use: 'enc' }]) {
      expect([change, refused({ ...jwk, ...change })]).toEqual([change, expect.stringMatching(/^(FORMAT|KEY)_INVALID$/)])
    }
    expect(refused({ ...jwk, key_ops: ['verify'] })).toBe('nothing thrown')
    for (const operations of [[], ['sign'], ['verify', 'sign'], ['verify', 'verify'], 'verify'])
      expect(refused({ ...jwk, key_ops: operations })).toBe('KEY_INVALID')
  })

  it('refuses numbers and coordinates that are cut, longer or not canonical', () => {
    for (const name of ['x', 'y', 'pub', 'n'].filter((member) => jwk[member] !== undefined)) {
      const text = jwk[name] as string
      for (const changed of [text.slice(0, -4), `AAAA${text}`, `${text}AAAA`, `${text}=`, `${text} `, `+${text.slice(1)}`, text.slice(0, -4) + 'A']) {
        expect([name, refused({ ...jwk, [name]: changed })]).toEqual([name, expect.stringMatching(/^(KEY|FORMAT)_INVALID$/)])
      }
    }
  })
})

describe('published keys', () => {
  it.each(vectorJson<readonly Published[]>('jose/thumbprints.json'))(
    '$alg has the published thumbprint, which covers its whole public key',
    ({ alg, kid, ...secrets }) => {
      const id = alg.toLowerCase().replace('ml-dsa-', 'mldsa').replace('es256', 'ecdsa-p256').replace('es384', 'ecdsa-p384')
      const jwk = encodeJwk(engine, publicKeyOf(findSuite(id), secrets))
      expect(jwk).toMatchObject({ kty: 'AKP', alg, kid })
      expect(parseJwk(engine, JSON.stringify(jwk)).thumbprint).toBe(kid)
    },
  )

  // RFC 8037 appendix A.2 and A.3; RFC 7638 §3.1 (whose RSA key says RS256 and so is not for us to verify with).
  it('the Ed25519 key of RFC 8037 has the thumbprint printed there', () => {
    const text = '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
    const read = parseJwk(engine, text)
    expect(read.thumbprint).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
    expect(toHex(read.key.raw)).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
    for (const alg of ['EdDSA', 'Ed25519']) expect(parseJwk(engine, text.replace('{', `{"alg":"${alg}",`)).key.suite.id).toBe('ed25519')
  })
})

describe('a suite without a name in JOSE', () => {
  const nameless = SUITE_IDS.map(findSuite).filter(({ id }) => ![...NODE_KNOWS, ...COMPOSITES, 'mldsa87-ed448'].includes(id))

  it('is refused with the way on', () => {
    expect(nameless.map(({ id }) => id)).toContain('mldsa65-rsa3072-pss')
    for (const suite of nameless) expect([suite.id, refusal(() => encodeJwk(engine, anyKey(suite)))]).toEqual([suite.id, 'SUITE_UNSUPPORTED'])
  })
})

describe('hostile input', () => {
  const valid = JSON.stringify(encodeJwk(engine, nodeKey(findSuite('ecdsa-p256')).key))

  it('gets an error of ours, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.uint8Array({ maxLength: 300 })), (input) => expectRefused(input)),
      { numRuns: 500 },
    )
    const member = fc.oneof(fc.string(), fc.base64String(), fc.jsonValue())
    const record = fc.record({
      kty: fc.constantFrom('EC', 'OKP', 'RSA', 'AKP'),
      crv: member,
      alg: member,
      x: member,
      y: member,
      n: member,
      e: member,
      pub: member,
    })
    fc.assert(
      fc.property(record, (jwk) => expectRefused(JSON.stringify(jwk))),
      { numRuns: 500 },
    )
  })

  it('with one character changed is refused, or is another key', () => {
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        const changed = valid.slice(0, at) + character + valid.slice(at + 1)
        const read = attempt(changed)
        const sameAgain = read !== undefined && JSON.stringify({ ...encodeJwk(engine, read.key), kid: read.kid }) === valid
        expect(sameAgain).toBe(changed === valid)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['two members of one name', `{"kty":"OKP",${valid.slice(1)}`, 'JSON_INVALID'],
    ['something after it', `${valid}{}`, 'JSON_INVALID'],
    ['an array of keys', `[${valid}]`, 'JSON_INVALID'],
    ['a JWK set', `{"keys":[${valid}]}`, 'JSON_INVALID'],
    ['deep nesting', `{"kty":${'['.repeat(3000)}${']'.repeat(3000)}}`, 'JSON_INVALID'],
    ['a huge document', `{"kty":"${'A'.repeat(20_000_000)}"}`, 'INPUT_TOO_LARGE'],
  ])('%s is refused', (_, text, code) => {
    expect(refusal(() => parseJwk(engine, text))).toBe(code)
  })

  it('an RSA key with exponent 1, an even modulus or leading zeros is refused', () => {
    const jwk = encodeJwk(engine, nodeKey(findSuite('rsa2048-pss')).key)
    for (const change of [
      { e: 'AQ' },
      { e: 'AAEAAQ' },
      { e: '' },
      { n: Buffer.alloc(256, 0xfe).toString('base64url') },
      { n: Buffer.alloc(256, 1).toString('base64url') },
    ]) {
      expect([change, refused({ ...jwk, ...change })]).toEqual([change, expect.stringMatching(/^(KEY|FORMAT)_INVALID$/)])
    }
  })
})

function refused(jwk: object | string): string {
  return refusal(() => parseJwk(engine, typeof jwk === 'string' ? jwk : JSON.stringify(jwk)))
}

function expectRefused(input: string | Uint8Array): void {
  expect(refusal(() => parseJwk(engine, input))).toMatch(/^(JSON_INVALID|FORMAT_INVALID|KEY_INVALID|INPUT_TOO_LARGE)$/)
}

function attempt(text: string): ReturnType<typeof parseJwk> | undefined {
  try {
    return parseJwk(engine, text)
  } catch (error) {
    if (error instanceof SealstoneError) return undefined
    throw error
  }
}

function spki(key: KeyObject): Uint8Array {
  return key.export({ format: 'der', type: 'spki' })
}

/** node:crypto hands out Buffers, which compare as another type. */
function plain({ suite, raw, spki: der }: PublicKey): PublicKey {
  return { suite, raw: Uint8Array.from(raw), spki: Uint8Array.from(der) }
}

function publicKeyOf(suite: Suite, secrets: Omit<Published, 'alg' | 'kid'>): PublicKey {
  if (suite.mlDsa === undefined) throw new Error(`${suite.id} has no ML-DSA half`)
  const mlDsa = engine.publicKeyFromSeed(suite.mlDsa, fromHex(secrets.seed))
  return encodePublicKey(suite, suite.classical === undefined ? mlDsa : joinPublicKey(suite, mlDsa, classicalPublic(suite, secrets)))
}

function classicalPublic({ classical }: Suite, { ecdsa_d: scalar, eddsa_seed: seed }: Omit<Published, 'alg' | 'kid'>): Uint8Array {
  if (seed !== undefined) {
    const key = createPrivateKey({ key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'), format: 'der', type: 'pkcs8' }) // RFC 8410 §7
    return Uint8Array.from(createPublicKey(key).export({ format: 'raw-public' }))
  }
  const ecdh = createECDH(classical === 'ecdsa-p256' ? 'prime256v1' : 'secp384r1')
  ecdh.setPrivateKey(scalar ?? '', 'hex')
  return Uint8Array.from(ecdh.getPublicKey())
}
