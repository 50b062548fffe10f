/** Public keys: what is written is read back, one encoding only, and no garbage gets further than an error of ours. */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, SealstoneError, toHex } from '#core'
import {
  encodePublicKey,
  findSuite,
  fingerprint,
  mlDsaPrimitive,
  parseMlDsaPrivateKey,
  parsePublicKey,
  parsePublicKeyPem,
  pemHint,
  PRIMITIVES,
  type PublicKey,
  publicKeyPem,
  type Suite,
  SUITE_IDS,
  suiteByOid,
  verify,
} from '#suites'
import { refusal } from '../support/hostile.ts'
import { anyKey } from './any-key.ts'
import { ENGINES } from './support.ts'
import { processorMs } from '../support/processor-time.ts'

const SUITES = SUITE_IDS.map(findSuite)
const [native] = ENGINES

describe.each(SUITES)('$id', (suite) => {
  const key = anyKey(suite)

  it('is written and read back', () => {
    const read = parsePublicKey(key.spki)
    expect([read.suite.id, toHex(read.raw), toHex(read.spki)]).toEqual([suite.id, toHex(key.raw), toHex(key.spki)])
    expect(parsePublicKeyPem(publicKeyPem(key)).suite.id).toBe(suite.id)
  })

  it('refuses a raw key that is cut, extended or empty', () => {
    for (const raw of [key.raw.subarray(0, -1), concatBytes(key.raw, Uint8Array.of(0)), new Uint8Array()]) {
      expect(refusal(() => encodePublicKey(suite, raw))).toBe('KEY_INVALID')
    }
  })

  it('has one encoding: a changed one is refused, or is another key', () => {
    const { spki } = key
    fc.assert(
      fc.property(fc.nat(spki.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        expectStrict(spki.with(at, (spki[at] ?? 0) ^ change))
      }),
      { numRuns: 200 },
    )
    // The headers, where the structure is, one bit at a time.
    for (let at = 0; at < Math.min(40, spki.length); at++) {
      for (let bit = 0; bit < 8; bit++) expectStrict(spki.with(at, (spki[at] ?? 0) ^ (1 << bit)))
    }
    for (let length = 0; length < spki.length; length += spki.length > 200 ? 97 : 1) {
      expect(refusal(() => parsePublicKey(spki.subarray(0, length)))).toBe('KEY_INVALID')
    }
    expect(refusal(() => parsePublicKey(concatBytes(spki, Uint8Array.of(0))))).toBe('KEY_INVALID')
  })

  it('refuses garbage for a signature without throwing', () => {
    for (const engine of ENGINES.filter(({ supports }) => suite.classical === undefined || supports(suite.classical))) {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 300 }), (message, signature) => {
          expect(verify(engine, key, message, signature, message.subarray(0, 20))).toBe(false)
        }),
        { numRuns: 20 },
      )
      expect(verify(engine, key, new Uint8Array(), new Uint8Array(60_000), new Uint8Array(256))).toBe(false)
    }
  })
})

describe('the parsers', () => {
  it('answer random bytes with KEY_INVALID', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000, size: 'max' }), (bytes) => {
        expect(refusal(() => parsePublicKey(bytes))).toBe('KEY_INVALID')
        for (const engine of ENGINES) expect(refusal(() => parseMlDsaPrivateKey(bytes, engine))).toBe('KEY_INVALID')
      }),
      { numRuns: 500 },
    )
  })

  it('answer random DER with KEY_INVALID', () => {
    const { der } = fc.letrec<{ der: Uint8Array }>((tie) => ({
      der: fc
        .tuple(
          fc.constantFrom(0x30, 0x06, 0x03, 0x02, 0x04, 0x05, 0x80),
          fc.oneof(
            { maxDepth: 4 },
            fc.uint8Array({ maxLength: 40 }),
            fc.array(tie('der'), { maxLength: 4 }).map((parts) => concatBytes(...parts)),
          ),
        )
        .map(([tag, value]) => (value.length < 128 ? concatBytes(Uint8Array.of(tag, value.length), value) : Uint8Array.of(tag, 0))),
    }))
    fc.assert(
      fc.property(der, (bytes) => {
        expect(refusal(() => parsePublicKey(bytes))).toBe('KEY_INVALID')
        expect(refusal(() => parseMlDsaPrivateKey(bytes, native))).toBe('KEY_INVALID')
      }),
      { numRuns: 1000 },
    )
  })

  it('answer random text with KEY_INVALID', () => {
    const framed = fc.string({ unit: 'binary' }).map((text) => `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----\n`)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          framed,
          fc.base64String().map((text) => `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----\n`),
        ),
        (text) => {
          expect(refusal(() => parsePublicKeyPem(text))).toBe('KEY_INVALID')
        },
      ),
    )
  })

  it('answer a huge file at once', () => {
    const spentMs = processorMs()
    expect(refusal(() => parsePublicKeyPem(`-----BEGIN PUBLIC KEY-----${' '.repeat(20_000_000)}`))).toBe('KEY_INVALID')
    expect(refusal(() => parsePublicKeyPem(`-----BEGIN PUBLIC KEY-----${' '.repeat(16_000)}`))).toBe('KEY_INVALID')
    expect(refusal(() => parsePublicKey(new Uint8Array(50_000_000)))).toBe('KEY_INVALID')
    expect(spentMs()).toBeLessThan(10_000)
  })

  it.each([
    ['two keys', (pem: string) => pem + pem],
    ['text before the key', (pem: string) => `key:\n${pem}`],
    ['a private key', (pem: string) => pem.replaceAll('PUBLIC', 'PRIVATE')],
    ['base64 that is cut', (pem: string) => pem.replace(/=*\n-----END/, '\n-----END').replace(/.\n-----END/, '\n-----END')],
  ])('refuse %s in a PEM file', (_what, change) => {
    expect(refusal(() => parsePublicKeyPem(change(publicKeyPem(anyKey(findSuite('ecdsa-p256'))))))).toBe('KEY_INVALID')
  })

  it('accept a PEM file with CRLF and space around it', () => {
    const key = anyKey(findSuite('mldsa65-ecdsa-p256'))
    const foreign = `\r\n ${publicKeyPem(key).replaceAll('\n', '\r\n')}\r\n`
    expect(toHex(parsePublicKeyPem(foreign).spki)).toBe(toHex(key.spki))
  })
})

describe('foreign keys', () => {
  it.each([
    ['a length that is not minimal', '30818059301306072a8648ce3d020106082a8648ce3d030107034200'],
    ['a long form for a short length', `3081${(0x59).toString(16)}301306072a8648ce3d020106082a8648ce3d030107034200`],
    ['an indefinite length', '3080301306072a8648ce3d020106082a8648ce3d030107034200'],
    ['unused bits', '3059301306072a8648ce3d020106082a8648ce3d030107034201'],
  ])('are refused for %s', (_what, head) => {
    expect(refusal(() => parsePublicKey(concatBytes(fromHex(head), anyKey(findSuite('ecdsa-p256')).raw)))).toBe('KEY_INVALID')
  })

  it('are refused for a compressed point, secp256k1, and X25519', () => {
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    const compressed = p256.export({ format: 'raw-public', type: 'compressed' })
    const head = fromHex('3039301306072a8648ce3d020106082a8648ce3d030107032200')
    expect(refusal(() => parsePublicKey(concatBytes(head, compressed)))).toBe('KEY_INVALID')
    expect(
      refusal(() => parsePublicKey(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'der', type: 'spki' }))),
    ).toBe('KEY_INVALID')
    expect(refusal(() => parsePublicKey(generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' })))).toBe('KEY_INVALID')
  })

  it('are refused for parameters where the RFC has none', () => {
    const { raw } = anyKey(findSuite('ed25519'))
    expect(refusal(() => parsePublicKey(concatBytes(fromHex('302c300706032b65700500032100'), raw)))).toBe('KEY_INVALID')
  })

  it('are refused for an OID arc that is not minimal', () => {
    const { raw } = anyKey(findSuite('ed25519'))
    expect(parsePublicKey(concatBytes(fromHex('302a300506032b6570032100'), raw)).suite.id).toBe('ed25519')
    expect(refusal(() => parsePublicKey(concatBytes(fromHex('302b30060604802b6570032100'), raw)))).toBe('KEY_INVALID')
    expect(refusal(() => parsePublicKey(concatBytes(fromHex('302b300606042b806570032100'), raw)))).toBe('KEY_INVALID')
  })

  it('are refused for an RSA size or exponent that no suite has', () => {
    const exported = (modulusLength: number, publicExponent: number) =>
      generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({ format: 'der', type: 'spki' })
    expect(refusal(() => parsePublicKey(exported(1024, 65537)))).toBe('KEY_INVALID')
    expect(parsePublicKey(exported(2048, 3)).suite.id).toBe('rsa2048-pss')
    const three = exported(2048, 3)
    expect(refusal(() => parsePublicKey(three.with(three.length - 1, 1)))).toBe('KEY_INVALID') // exponent 1
    expect(refusal(() => parsePublicKey(three.with(three.length - 1, 2)))).toBe('KEY_INVALID') // even
    expect(refusal(() => parsePublicKey(three.with(three.length - 1, 0x83)))).toBe('KEY_INVALID') // negative
  })

  it('of EC and RSA are not found by OID alone, all others are', () => {
    for (const suite of SUITES) {
      const shared = suite.kind === 'classical' && suite.id !== 'ed25519'
      expect([suite.id, suiteByOid(suite.oid)?.id]).toEqual([suite.id, shared ? undefined : suite.id])
    }
  })
})

describe('the table', () => {
  it('has these suites to sign with', () => {
    expect(SUITES.filter(({ canSign }) => canSign).map(({ id }) => id)).toEqual([
      'mldsa65-rsa3072-pss',
      'mldsa65-ecdsa-p256',
      'mldsa65-ed25519',
      'mldsa87-ecdsa-p384',
      'mldsa44',
      'mldsa65',
      'mldsa87',
      'ecdsa-p256',
      'ecdsa-p384',
      'ecdsa-p521',
      'ed25519',
    ])
  })

  it('is the one of docs/suites.md', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/suites.md'), 'utf8')
    const rows = Array.from(
      text.matchAll(/^\| `([^`]+)` \| ([0-9.]+) \| (?:≈ )?([0-9,]+) \| (?:≤ )?([0-9,]+) \| (yes|–) \| ([a-z, ]+) \|$/gm),
      (match) => match.slice(1),
    )
    const sizes = (suite: Suite) => {
      const parts = [suite.mlDsa === undefined ? undefined : mlDsaPrimitive(suite.mlDsa), suite.classical].filter(
        (primitive) => primitive !== undefined,
      )
      return [anyKey(suite).raw.length, parts.reduce((sum, primitive) => sum + PRIMITIVES[primitive].signatureBytes, 0)].map((size) =>
        size.toLocaleString('en'),
      )
    }
    const engines = (suite: Suite) =>
      ENGINES.filter(({ supports }) => suite.classical === undefined || supports(suite.classical)).map(({ name }) => name)
    expect(rows).toEqual(SUITES.map((suite) => [suite.id, suite.oid, ...sizes(suite), suite.canSign ? 'yes' : '–', engines(suite).join(', ')]))
  })

  it('gives every quantum-safe suite that signs models a companion that signs too', () => {
    for (const suite of SUITES.filter(({ canSign, mlDsa }) => canSign && mlDsa !== undefined)) {
      expect([suite.id, suite.companion && findSuite(suite.companion).canSign]).toEqual([suite.id, true])
    }
  })

  it.each(['', 'MLDSA65', 'mldsa65-ecdsa', '__proto__', 'toString', 'constructor'])('does not know %j, and names those that sign', (id) => {
    expect(() => findSuite(id)).toThrow(SealstoneError)
    expect(refusal(() => findSuite(id))).toBe('SUITE_UNKNOWN')
    expect(() => findSuite(id)).toThrow(expect.objectContaining({ hint: expect.stringContaining('mldsa65-ecdsa-p256') }))
  })
})

describe('names of a key', () => {
  it('are SHA-256 of the DER and of the PEM text', () => {
    const key = anyKey(findSuite('ecdsa-p256'))
    const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
    for (const engine of ENGINES) {
      expect(fingerprint(engine, key.spki)).toBe(sha256(key.spki))
      expect(pemHint(engine, key)).toBe(sha256(publicKeyPem(key)))
    }
  })

  it('come from PEM as OpenSSL writes it', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
    expect(publicKeyPem(parsePublicKeyPem(pem))).toBe(pem)
  })
})

/** Refused with an error of ours, or a key whose one encoding is these bytes. */
function expectStrict(bytes: Uint8Array): void {
  let read: PublicKey | undefined
  const outcome = refusal(() => {
    read = parsePublicKey(bytes)
  })
  const encoded = read === undefined ? undefined : toHex(encodePublicKey(read.suite, read.raw).spki)
  expect([outcome, encoded]).toEqual(read === undefined ? ['KEY_INVALID', undefined] : ['nothing thrown', toHex(bytes)])
}

/** A key of the right form; its bytes are nobody's. */
