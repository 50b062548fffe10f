/** Bundles against the OMS v1.0 specification: its test vectors, its schemas, and what they leave open. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '#core'
import { buildModelStatement, hashingPlan, pae, parseBundle, STATEMENT_PAYLOAD_TYPE, verifyModel, writeOmsBundle } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { byKey, byRoot, checkOf, editBundle, OMS } from './oms-files.ts'
import { makeKey, manifestOf, type TestKey } from '../support/signing.ts'

const SPEC = join(OMS, 'spec')
const VECTORS = ['valid', 'invalid', 'invalid-payload'].flatMap((kind) =>
  readdirSync(join(SPEC, 'test-vectors', kind)).map((file) => ({ kind, file, bytes: readFileSync(join(SPEC, 'test-vectors', kind, file)) })),
)
const ofKind = (kind: string) => VECTORS.filter((vector) => vector.kind === kind)
const NOW = new Date('2026-06-01T00:00:00Z')

describe('test vectors of the specification', () => {
  it('are all there', () => {
    expect(VECTORS).toHaveLength(8)
  })

  it.each(ofKind('valid'))('valid/$file is read', ({ bytes }) => {
    expect(parseBundle(bytes)).toMatchObject({ payloadType: STATEMENT_PAYLOAD_TYPE })
    expect(hashingPlan(bytes).names).toEqual(['signme-1', 'signme-2'])
  })

  it.each([
    ['key.bundle.json', byKey],
    ['certificate.bundle.json', byRoot],
  ])('valid/%s verifies', async (file, trust) => {
    const bundle = readFileSync(join(SPEC, 'test-vectors/valid', file))
    const verdict = await verifyModel({ engine: nativeEngine(), bundle, trust, require: 'classical', now: NOW })
    expect(checkOf(verdict, 'companion-signature')).toMatch(/^passed/)
    expect(verdict.ok).toBe(true)
  })

  it('valid/sigstore.bundle.json cannot be verified without a Sigstore trust root', async () => {
    const bundle = readFileSync(join(SPEC, 'test-vectors/valid/sigstore.bundle.json'))
    const verdict = await verifyModel({ engine: nativeEngine(), bundle, trust: byKey, require: 'classical', now: NOW })
    expect(verdict.ok).toBe(false)
    expect(checkOf(verdict, 'key-trusted')).toMatch(/cannot verify: keyless bundle/)
  })

  it.each(ofKind('invalid'))('invalid/$file is refused', async ({ bytes }) => {
    expect(() => parseBundle(bytes)).toThrow(expect.objectContaining({ name: 'SealstoneError' }))
    const verdict = await verifyModel({ engine: nativeEngine(), bundle: bytes, trust: byKey, require: 'classical', now: NOW })
    expect(checkOf(verdict, 'bundle-format')).toMatch(/^failed: model.sig: /)
  })

  it.each(ofKind('invalid-payload'))('invalid-payload/$file is a bundle, and its statement is refused', async ({ bytes }) => {
    expect(parseBundle(bytes).payload.length).toBeGreaterThan(0)
    const verdict = await verifyModel({ engine: nativeEngine(), bundle: bytes, trust: byKey, require: 'classical', now: NOW })
    expect(checkOf(verdict, 'bundle-format')).toMatch(/^failed: predicateType is "https:\/\/example.com\/wrong-predicate\/v1.0"/)
    expect(verdict.ok).toBe(false)
  })
})

describe('what is written', () => {
  const key = makeKey('ecdsa-p256')
  const payload = buildModelStatement(manifestOf(['a.bin', 'ü/b c.bin']))
  const bundle = writeOmsBundle({ payload, signature: key.sign(pae(STATEMENT_PAYLOAD_TYPE, payload)), key: key.key })

  it('has the form of the schemas', () => {
    const ajv = new Ajv2020({ allErrors: true, strict: false })
    for (const name of ['envelope', 'predicate', 'statement', 'bundle']) {
      ajv.addSchema(JSON.parse(readFileSync(join(SPEC, 'schemas', `${name}.schema.json`), 'utf8')))
    }
    const errorsOf = (name: string, value: unknown) => {
      const validate = ajv.getSchema(`https://model_signing/${name}/v1.0/schema`)
      if (validate === undefined) throw new Error(`no schema ${name}`)
      return validate(value) === true ? [] : validate.errors
    }
    expect(errorsOf('bundle', JSON.parse(Buffer.from(bundle).toString()))).toEqual([])
    expect(errorsOf('statement', JSON.parse(Buffer.from(payload).toString()))).toEqual([])
    const shards = manifestOf(['a:0:8', 'a:8:9'])
    const sharded = buildModelStatement({ ...shards, serialization: { ...shards.serialization, method: 'shards', shardSize: 8 } })
    expect(errorsOf('statement', JSON.parse(Buffer.from(sharded).toString()))).toEqual([])
    expect(errorsOf('bundle', { mediaType: 'x' })).not.toEqual([])
  })

  it('reads back', () => {
    expect(parseBundle(bundle)).toMatchObject({ payload, material: { kind: 'hint', hint: expect.stringMatching(/^[0-9a-f]{64}$/) } })
  })
})

describe('foreign bundles', () => {
  const fixture = readFileSync(join(OMS, 'model-transparency/v1.1.0-elliptic-key/model.sig'))
  const edited = (edit: Parameters<typeof editBundle>[1]) => () => parseBundle(editBundle(fixture, edit))

  it.each<[string, Parameters<typeof editBundle>[1]]>([
    [
      'further members in Sigstore objects',
      ({ verificationMaterial }) => Object.assign(verificationMaterial, { publicKey: { hint: 'x', more: 1 }, timestampVerificationData: {} }),
    ],
    ['no keyid', ({ dsseEnvelope }) => delete dsseEnvelope.signatures[0]?.keyid],
    ['a keyid of null', ({ dsseEnvelope: { signatures } }) => Object.assign(signatures[0] ?? {}, { keyid: null })],
    ['no tlogEntries beside a key', ({ verificationMaterial }) => delete verificationMaterial['tlogEntries']],
    ['another version of the media type', (document) => (document.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.3')],
  ])('may have %s', (_, edit) => {
    expect(edited(edit)).not.toThrow()
  })

  it.each<[string, Parameters<typeof editBundle>[1], RegExp]>([
    ['an unknown member at the top', (document) => Object.assign(document, { extra: 1 }), /bundle has an unknown member "extra"/],
    ['an unknown member in the envelope', ({ dsseEnvelope }) => Object.assign(dsseEnvelope, { extra: 1 }), /dsseEnvelope has an unknown member/],
    [
      'an unknown member in the signature',
      ({ dsseEnvelope: { signatures } }) => Object.assign(signatures[0] ?? {}, { cert: 1 }),
      /signature has an unknown member/,
    ],
    ['no signature', ({ dsseEnvelope }) => (dsseEnvelope.signatures = []), /signatures has 0 entries, want 1 to 1/],
    [
      'two signatures',
      ({ dsseEnvelope }) => (dsseEnvelope.signatures = [...dsseEnvelope.signatures, ...dsseEnvelope.signatures]),
      /signatures has 2 entries, want 1 to 1/,
    ],
    ['another payload type', ({ dsseEnvelope }) => (dsseEnvelope.payloadType = 'text/plain'), /payloadType is "text\/plain"/],
    ['another media type', (document) => (document.mediaType = 'application/json'), /want a Sigstore bundle/],
    ['a keyid that is a number', ({ dsseEnvelope: { signatures } }) => Object.assign(signatures[0] ?? {}, { keyid: 1 }), /keyid is neither/],
    [
      'a key and a certificate',
      ({ verificationMaterial }) => Object.assign(verificationMaterial, { certificate: { rawBytes: 'AAAA' } }),
      /publicKey and certificate, want exactly one/,
    ],
    [
      'an empty certificate chain',
      (document) => (document.verificationMaterial = { x509CertificateChain: { certificates: [] } }),
      /certificates has 0 entries/,
    ],
    ['an empty payload', ({ dsseEnvelope }) => (dsseEnvelope.payload = ''), /payload has 0 characters/],
    ['a payload in URL-safe base64', ({ dsseEnvelope }) => (dsseEnvelope.payload = '_-8='), /not standard base64/],
    ['a payload without padding', ({ dsseEnvelope }) => (dsseEnvelope.payload = 'AA'), /base64 is not canonical/],
    ['a payload with loose bits', ({ dsseEnvelope }) => (dsseEnvelope.payload = 'AB=='), /base64 is not canonical/],
    ['white space in base64', ({ dsseEnvelope }) => (dsseEnvelope.payload = 'AAAA\nAAAA'), /not standard base64/],
    [
      'a signature over 64 KiB',
      ({ dsseEnvelope: { signatures } }) => Object.assign(signatures[0] ?? {}, { sig: 'A'.repeat(87_388) }),
      /sig has 87388 characters/,
    ],
  ])('may not have %s', (_, edit, reason) => {
    expect(edited(edit)).toThrow(expect.objectContaining({ code: 'FORMAT_INVALID', message: expect.stringMatching(reason) }))
  })

  it.each<[string, string, string]>([
    ['nothing', '', 'JSON_INVALID'],
    ['half of it', fixture.toString().slice(0, 300), 'JSON_INVALID'],
    ['bytes after it', `${fixture.toString()}x`, 'JSON_INVALID'],
    ['a member twice', fixture.toString().replace('"mediaType"', '"mediaType":"x","mediaType"'), 'JSON_INVALID'],
    ['a member twice, once escaped', fixture.toString().replace('"mediaType"', '"\\u006dediaType":"x","mediaType"'), 'JSON_INVALID'],
    ['a list', '[]', 'JSON_INVALID'],
    ['null', 'null', 'JSON_INVALID'],
    ['100,000 open brackets', '['.repeat(100_000), 'JSON_INVALID'],
    ['100,000 nested lists', `{"mediaType":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'JSON_INVALID'],
    ['a byte order mark', `\ufeff${fixture.toString()}`, 'JSON_INVALID'],
  ])('%s is refused', (_, text, code) => {
    expect(() => parseBundle(utf8(text))).toThrow(expect.objectContaining({ code }))
  })

  it('over 64 MiB is refused before it is read', () => {
    expect(() => parseBundle(new Uint8Array(64 * 1024 * 1024 + 1))).toThrow(expect.objectContaining({ code: 'INPUT_TOO_LARGE' }))
  })

  describe('may name the key in another way:', () => {
    const key = makeKey('ecdsa-p384')
    const stranger = makeKey('ecdsa-p384')
    const payload = buildModelStatement(manifestOf(['a.bin']))
    const written = writeOmsBundle({ payload, signature: key.sign(pae(STATEMENT_PAYLOAD_TYPE, payload)), key: key.key })
    const judge = async (publicKey: object, keys: readonly TestKey[]): Promise<boolean> => {
      const bundle = editBundle(written, (document) => (document.verificationMaterial = { publicKey }))
      const trust = { kind: 'public-key', keys: keys.map((item) => item.key) } as const
      return (await verifyModel({ engine: nativeEngine(), bundle, trust, require: 'classical', now: NOW })).ok
    }

    it('by the digest of its DER', async () => {
      expect(await judge({ hint: toHex(nativeEngine().digest('sha256', key.key.spki)) }, [stranger, key])).toBe(true)
      expect(await judge({ hint: '0'.repeat(64) }, [key]), 'a digest of another key').toBe(false)
    })

    it('by a name of another tool, where one key is given', async () => {
      expect(await judge({ hint: 'team-key-7' }, [key])).toBe(true)
      expect(await judge({ hint: 'team-key-7' }, [stranger])).toBe(false)
      expect(await judge({ hint: 'team-key-7' }, [key, stranger]), 'which of the two?').toBe(false)
    })

    it('by the whole key, PEM or DER, which is not believed but compared', async () => {
      for (const rawBytes of [key.key.spki.toBase64(), utf8(key.pem).toBase64()]) {
        expect(await judge({ rawBytes }, [stranger, key])).toBe(true)
        expect(await judge({ rawBytes }, [stranger])).toBe(false)
      }
    })
  })

  it('that sign no files are refused, though the reference makes them', async () => {
    const key = makeKey('ecdsa-p256')
    const payload = new Uint8Array(readFileSync(join(OMS, 'model-transparency/golden/payload/empty_model_folder')))
    const bundle = writeOmsBundle({ payload, signature: key.sign(pae(STATEMENT_PAYLOAD_TYPE, payload)), key: key.key })
    const verdict = await verifyModel({
      engine: nativeEngine(),
      bundle,
      trust: { kind: 'public-key', keys: [key.key] },
      require: 'classical',
      now: NOW,
    })
    expect(checkOf(verdict, 'bundle-format')).toBe('failed: signed statement names no files')
  })
})
