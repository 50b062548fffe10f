/** `model.hybrid.sig`: written as docs/hybrid-bundle.schema.json says, read strictly. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { concatBytes, type ErrorCode, utf8 } from '#core'
import { buildStatement, parseBundle, parseHybridBundle } from '#envelopes'
import { type Edit, editJson, REMOVE } from './edit-json.ts'
import { makeCase } from './judging.ts'
import { PROTECTION, signStatement } from '../support/signing.ts'

const { home, signed } = makeCase()
const text = Buffer.from(signed.hybrid).toString()

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/hybrid-bundle.schema.json'), 'utf8')) as object
const validate = new Ajv2020({ allErrors: true }).compile(schema)

function edit(...change: Edit): Uint8Array {
  return editJson(text, change)
}

describe('what is written', () => {
  it('has the form of the schema, for models and for other statements', () => {
    const payload = buildStatement({
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {},
      subjects: [{ name: 'm', sha256: '00'.repeat(32) }],
    })
    for (const bytes of [signed.hybrid, signStatement(home, payload).hybrid]) {
      expect(validate(JSON.parse(Buffer.from(bytes).toString())), JSON.stringify(validate.errors)).toBe(true)
    }
  })

  it('has the form of the schema with validations of the token, and reads back', () => {
    const validations = [
      { type: 'hardware', authority: 'nist-cmvp', level: 3, version: '3.0', certificate: '4998' },
      { type: 'unspecified', authority: 'common-criteria' },
    ] as const
    const protection = { ...PROTECTION, validations }
    const payload = buildStatement({
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {},
      subjects: [{ name: 'm', sha256: '00'.repeat(32) }],
    })
    const { hybrid } = signStatement(home, payload, { protection, leaf: (leaf) => ({ ...leaf, keyProtection: protection }) })
    expect(validate(JSON.parse(Buffer.from(hybrid).toString())), JSON.stringify(validate.errors)).toBe(true)
    expect(parseHybridBundle(hybrid).protection).toEqual(protection)
  })

  it('holds the very payload of model.sig', () => {
    expect(parseHybridBundle(signed.hybrid).bundle.payload).toEqual(parseBundle(signed.bundle).payload)
  })

  it('reads back', () => {
    const { payload, receipt, leaf } = signed
    expect(parseHybridBundle(signed.hybrid)).toMatchObject({
      bundle: { payload },
      keyName: 'default',
      keyVersion: 1,
      suite: { id: 'mldsa65-ecdsa-p256' },
      receipt,
      leaf,
      protection: PROTECTION,
      proof: { index: 3n },
    })
  })
})

describe('the reader and the schema', () => {
  it.each<[string, path: string, value: unknown]>([
    ['another media type', 'mediaType', 'application/json'],
    ['an unknown member', 'extra', 1],
    ['an unknown member of the key', 'key.extra', 1],
    ['an unknown member of the bundle', 'bundle.extra', 1],
    ['an unknown member of the material', 'bundle.verificationMaterial.extra', 1],
    ['an unknown member of the public key', 'bundle.verificationMaterial.publicKey.extra', 1],
    ['an unknown member of the envelope', 'bundle.dsseEnvelope.extra', 1],
    ['an unknown member of the signature', 'bundle.dsseEnvelope.signatures.0.extra', 1],
    ['an unknown member of the protection', 'protection.extra', 1],
    ['a validation of an unknown type', 'protection.validations', [{ type: 'paper', authority: 'nist-cmvp' }]],
    ['no validation in a list of them', 'protection.validations', []],
    ['a version of a validation in words', 'protection.validations', [{ type: 'hardware', authority: 'nist-cmvp', version: 'three' }]],
    ['a certificate with a line break', 'protection.validations', [{ type: 'hardware', authority: 'nist-cmvp', certificate: 'a\nb' }]],
    ['a level of 1,000', 'protection.validations', [{ type: 'hardware', authority: 'nist-cmvp', level: 1000 }]],
    ['an unknown member of a half', 'protection.halves.0.extra', 1],
    ['an unknown member of the receipt', 'receipt.extra', 1],
    ['no key', 'key', REMOVE],
    ['no bundle', 'bundle', REMOVE],
    ['no protection', 'protection', REMOVE],
    ['no receipt', 'receipt', REMOVE],
    ['no leaf', 'receipt.leaf', REMOVE],
    ['a key name in capitals', 'key.name', 'Default'],
    ['version 0', 'key.version', 0],
    ['a version that is text', 'key.version', '1'],
    ['a short fingerprint', 'key.fingerprint', 'ab'],
    ['two signatures', 'bundle.dsseEnvelope.signatures', ([first]: unknown[]) => [first, first]],
    ['no signature', 'bundle.dsseEnvelope.signatures', []],
    ['a keyid', 'bundle.dsseEnvelope.signatures.0.keyid', 'x'],
    ['no keyid', 'bundle.dsseEnvelope.signatures.0.keyid', REMOVE],
    ['a transparency log entry of Sigstore', 'bundle.verificationMaterial.tlogEntries', [{}]],
    ['a hint that is no digest', 'bundle.verificationMaterial.publicKey.hint', 'my key'],
    ['a certificate instead of a hint', 'bundle.verificationMaterial', { x509CertificateChain: { certificates: [{ rawBytes: 'AAAA' }] } }],
    ['another bundle version', 'bundle.mediaType', 'application/vnd.dev.sigstore.bundle.v0.2+json'],
    ['a payload without padding', 'bundle.dsseEnvelope.payload', 'AAA'],
    ['a payload in URL-safe base64', 'bundle.dsseEnvelope.payload', '_-8='],
    ['a proof of another kind', 'receipt.proof', (proof: string) => `x${proof}`],
    ['a half in a place that nobody knows', 'protection.halves.0.location', 'file'],
  ])('both refuse %s', (_, path, value) => {
    const bytes = edit(path, value)
    expect(validate(JSON.parse(Buffer.from(bytes).toString()))).toBe(false)
    expect(() => parseHybridBundle(bytes)).toThrow(expect.objectContaining({ name: 'SealstoneError' }))
  })
})

describe('the reader', () => {
  it.each<[string, path: string, value: unknown, ErrorCode]>([
    ['a suite that does not exist', 'key.suite', 'mldsa99', 'SUITE_UNKNOWN'],
    ['loose bits in base64', 'bundle.dsseEnvelope.signatures.0.sig', 'AB==', 'FORMAT_INVALID'],
    ['a leaf that is not JSON', 'receipt.leaf', 'AAAA', 'JSON_INVALID'],
    [
      'a leaf that is not canonical',
      'receipt.leaf',
      (leaf: string) => Buffer.from(` ${Buffer.from(leaf, 'base64').toString()}`).toString('base64'),
      'FORMAT_INVALID',
    ],
    ['a leaf over 65,535 bytes', 'receipt.leaf', Buffer.alloc(65_536, 0x20).toString('base64'), 'FORMAT_INVALID'],
    ["a protection other than the leaf's", 'protection.halves.1.extractable', true, 'FORMAT_INVALID'],
    ['a proof without a checkpoint', 'receipt.proof', (proof: string) => proof.slice(0, proof.indexOf('\n\n')), 'FORMAT_INVALID'],
    ['a proof over 1 MiB', 'receipt.proof', (proof: string) => proof + 'x'.repeat(1024 * 1024), 'INPUT_TOO_LARGE'],
  ])('refuses %s', (_, path, value, code) => {
    expect(() => parseHybridBundle(edit(path, value))).toThrow(expect.objectContaining({ code }))
  })

  it.each<[string, Uint8Array]>([
    ['nothing', utf8('')],
    ['a member twice', utf8(text.replace('"key":{', '"key":{"version":2,'))],
    ['a document twice', utf8(text + text)],
    ['bytes at its end', concatBytes(signed.hybrid, Uint8Array.of(0))],
    ['bytes that are not UTF-8', concatBytes(signed.hybrid.slice(0, 20), Uint8Array.of(0xc3), signed.hybrid.slice(20))],
    ['nesting', utf8(text.replace('"tlogEntries":[]', `"tlogEntries":${'['.repeat(5000)}${']'.repeat(5000)}`))],
  ])('refuses %s', (_, bytes) => {
    expect(() => parseHybridBundle(bytes)).toThrow(expect.objectContaining({ name: 'SealstoneError' }))
  })

  it('refuses the file cut at any place', () => {
    for (let length = 0; length < signed.hybrid.length - 1; length += 61) {
      expect(() => parseHybridBundle(signed.hybrid.slice(0, length)), `${length} bytes`).toThrow(expect.objectContaining({ code: 'JSON_INVALID' }))
    }
  })

  it('refuses more than 64 MiB before it reads', () => {
    expect(() => parseHybridBundle(new Uint8Array(64 * 1024 * 1024 + 1))).toThrow(expect.objectContaining({ code: 'INPUT_TOO_LARGE' }))
  })

  it('refuses a model.sig in its place, and the other way round', () => {
    expect(() => parseHybridBundle(signed.bundle)).toThrow(expect.objectContaining({ code: 'FORMAT_INVALID' }))
    expect(() => parseBundle(signed.hybrid)).toThrow(expect.objectContaining({ code: 'FORMAT_INVALID' }))
  })
})
