/** The trust file: written as docs/trust-file.schema.json says, and refused whenever it is not clear whom it trusts. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { KEY_STATES, utf8 } from '#core'
import { parseTrustFile, type TrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'
import { encodeVerifierKey, parseVerifierKey, witnessKey, witnessVkeys } from '#tlog'
import { softwareLog } from '../support/software-log.ts'
import { softwareWitness } from '../support/software-witness.ts'
import { type Edit, editJson, REMOVE } from './edit-json.ts'
import { makeInstallation, makeKey, trustedKey, trustFileOf, trustOf } from '../support/signing.ts'

const home = makeInstallation()
const trust: TrustFile = trustOf(home, makeInstallation('mldsa87', 'other', home.log), makeInstallation('ecdsa-p256', 'plain', home.log))
const text = Buffer.from(trustFileOf(trust, home.log)).toString()

interface KeyJson {
  readonly name: string
  readonly suite: string
  readonly spki: string
  readonly companion: { readonly spki: string }
}

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/trust-file.schema.json'), 'utf8')) as object
const validate = new Ajv2020({ allErrors: true }).compile(schema)

const readTrust = (bytes: Uint8Array): TrustFile => parseTrustFile(bytes, nativeEngine())
const writeTrust = (content: TrustFile): Uint8Array => trustFileOf(content, home.log)

function edit(...change: Edit): Uint8Array {
  return editJson(text, change)
}

describe('what is written', () => {
  it('reads back and has the form of the schema', () => {
    expect(readTrust(utf8(text))).toEqual(trust)
    expect(validate(JSON.parse(text)), JSON.stringify(validate.errors)).toBe(true)
  })

  it('is readable: indented, with a newline at its end', () => {
    expect(text).toMatch(/^\{\n {2}"version": 2,\n/)
    expect(text.endsWith('}\n')).toBe(true)
  })

  it.each(KEY_STATES)('holds a key that is %s, with its times', (state) => {
    const times = state === 'pre-active' ? {} : { [state]: '2026-05-01T00:00:00.000Z' }
    const staged: TrustFile = { ...trust, keys: [{ ...trustedKey(home), state, times }] }
    const bytes = writeTrust(staged)
    expect(readTrust(bytes)).toEqual(staged)
    expect(validate(JSON.parse(Buffer.from(bytes).toString()))).toBe(true)
  })

  it('may trust nobody yet', () => {
    expect(readTrust(writeTrust({ ...trust, keys: [] })).keys).toEqual([])
  })
})

/** The log's Ed25519 key, said to be a witness's. */
function ownKeyAs(name: string): string {
  const [publicKey] = trust.log.keys.map(parseVerifierKey).flatMap((key) => (key.type === 'ed25519' ? [key.publicKey] : []))
  return encodeVerifierKey(witnessKey({ name, type: 'cosignature-ed25519', publicKey: publicKey as Uint8Array }))
}

describe('witnesses of the log', () => {
  const [first, second] = ['witness.example/1', 'witness.example/2'].map((name) => {
    const witness = softwareWitness(name)
    return { name, keys: witnessVkeys(witness) }
  }) as [{ name: string; keys: string[] }, { name: string; keys: string[] }]
  const withLog = (log: Partial<TrustFile['log']>): Uint8Array => writeTrust({ ...trust, log: { ...trust.log, ...log } })

  it('are read back, with or without a quorum, and have the form of the schema', () => {
    for (const log of [
      { witnesses: [first, second] },
      { witnesses: [first, { ...second, keys: second.keys.slice(0, 1) }], quorum: 2 },
      { witnesses: [first], quorum: 0 },
    ]) {
      const bytes = withLog(log)
      expect(readTrust(bytes).log).toEqual({ ...trust.log, ...log })
      expect(validate(JSON.parse(Buffer.from(bytes).toString())), JSON.stringify(validate.errors)).toBe(true)
    }
  })

  it.each<[what: string, log: Partial<TrustFile['log']>]>([
    ['a quorum of nobody', { quorum: 1 }],
    ['a quorum of more than there are', { witnesses: [first], quorum: 2 }],
    ['no witness in the list', { witnesses: [] }],
    ['one that is there twice', { witnesses: [first, first] }],
    ['one key under two names', { witnesses: [first, { name: 'witness.example/3', keys: first.keys }] }],
    ['the log as its own witness, by its Ed25519 key', { witnesses: [{ name: trust.log.origin, keys: trust.log.keys.slice(0, 1) }] }],
    ['the log as its own witness, by its ML-DSA-44 key', { witnesses: [{ name: trust.log.origin, keys: trust.log.keys.slice(1) }] }],
    ['the name of the log', { witnesses: [{ name: trust.log.origin, keys: witnessVkeys(softwareWitness(trust.log.origin)) }] }],
    ['a key of the log under another name', { witnesses: [{ name: 'witness.example/3', keys: [ownKeyAs('witness.example/3')] }] }],
    ['three keys', { witnesses: [{ ...first, keys: [...first.keys, first.keys[0] as string] }] }],
  ])('are refused with %s', (_what, log) => {
    expect(() => readTrust(withLog(log))).toThrow(expect.objectContaining({ code: 'TRUST_INVALID' }) as Error)
  })
})

describe('timestamp authorities of the log', () => {
  const root = utf8('any bytes: what is no certificate leads nowhere').toBase64()
  const withLog = (log: Partial<TrustFile['log']>): Uint8Array => writeTrust({ ...trust, log: { ...trust.log, ...log } })

  it('are read back and have the form of the schema', () => {
    const authorities = [{ name: 'tsa.example', roots: [root] }]
    const bytes = withLog({ authorities })
    expect(readTrust(bytes).log.authorities).toEqual(authorities)
    expect(validate(JSON.parse(Buffer.from(bytes).toString())), JSON.stringify(validate.errors)).toBe(true)
  })

  it.each<[what: string, authorities: NonNullable<TrustFile['log']['authorities']>]>([
    ['none in the list', []],
    ['one without a root', [{ name: 'tsa.example', roots: [] }]],
    [
      'two of one name',
      [
        { name: 'tsa.example', roots: [root] },
        { name: 'tsa.example', roots: [root] },
      ],
    ],
    ['a root that is not base64', [{ name: 'tsa.example', roots: ['%'] }]],
  ])('are refused with %s', (_what, authorities) => {
    expect(() => readTrust(withLog({ authorities }))).toThrow(expect.objectContaining({ code: 'TRUST_INVALID' }) as Error)
  })
})

describe('the reader and the schema', () => {
  it.each<[string, path: string, value: unknown]>([
    ['another version', 'version', 3],
    ['no version', 'version', REMOVE],
    ['an unknown member', 'extra', 1],
    ['an unknown member of a key', 'keys.0.extra', 1],
    ['an unknown member of the companion', 'keys.0.companion.extra', 1],
    ['an unknown member of the log', 'log.extra', 1],
    ['an unknown state', 'keys.0.state', 'retired'],
    ['no state', 'keys.0.state', REMOVE],
    ['a time of an unknown state', 'keys.0.times', { retired: '2026-05-01T00:00:00.000Z' }],
    ['a time without milliseconds', 'keys.0.times', { active: '2026-05-01T00:00:00Z' }],
    ['a time with an offset', 'keys.0.times', { active: '2026-05-01T00:00:00.000+02:00' }],
    ['a time that is a number', 'keys.0.times', { active: 1 }],
    ['one log key', 'log.keys', ([first]: string[]) => [first]],
    ['three log keys', 'log.keys', ([first, second]: string[]) => [first, second, first]],
    ['a log key of another form', 'log.keys.0', 'x'],
    ['no origin', 'log.origin', REMOVE],
    ['a key without its bytes', 'keys.0.spki', REMOVE],
    ['a key in URL-safe base64', 'keys.0.spki', '_-8='],
    ['a key name in capitals', 'keys.0.name', 'Default'],
    ['version 0 of a key', 'keys.0.version', 0],
    ['version 1, which was not signed', 'version', 1],
    ['number 0', 'serial', 0],
    ['no number', 'serial', REMOVE],
    ['no end', 'expiresAt', REMOVE],
    ['an end that is no time', 'expiresAt', 'never'],
    ['no policies', 'policies', REMOVE],
    ['an unknown member of a policy', 'policies', [{ name: 'default', minSignVersion: 1, minVerifyVersion: 1, deletionAllowed: false, extra: 1 }]],
    ['a policy without a name', 'policies', [{ minSignVersion: 1, minVerifyVersion: 1, deletionAllowed: false }]],
    ['an unknown origin of a key', 'keys.0.origin', 'stolen'],
    ['no signatures', 'signatures', REMOVE],
    ['one signature', 'signatures', ([first]: object[]) => [first]],
    ['a signature of an unknown kind', 'signatures.0.algorithm', 'rsa'],
  ])('both refuse %s', (_, path, value) => {
    const bytes = edit(path, value)
    expect(validate(JSON.parse(Buffer.from(bytes).toString()))).toBe(false)
    expect(() => readTrust(bytes)).toThrow(expect.objectContaining({ code: 'TRUST_INVALID' }))
  })
})

describe('the reader', () => {
  const strangerLog = softwareLog('log.example/other')
  const { keys } = JSON.parse(text) as { keys: [KeyJson, KeyJson, KeyJson] }
  const [main, other, plain] = keys

  it.each<[string, path: string, value: unknown, RegExp]>([
    ['a key of another suite than it says', 'keys.0.suite', 'mldsa65-ed25519', /suite is mldsa65-ed25519, but the key is one of mldsa65-ecdsa-p256/],
    ['a suite that does not exist', 'keys.0.suite', 'mldsa99', /no suite/],
    ['a companion that is not classical', 'keys.0.companion', { suite: other.suite, spki: other.spki }, /want a classical one/],
    ['a key cut short', 'keys.0.spki', (spki: string) => spki.slice(0, 100), /trust file: /],
    ['a key and version twice', 'keys.1', { ...other, name: main.name }, /default version 1 is there twice/],
    ['one public key under two names', 'keys', ([first]: object[]) => [first, { ...first, name: 'again' }], /[0-9a-f]{64} is there twice/],
    ['a companion that is a key too', 'keys.2', { ...plain, spki: main.companion.spki }, /is there twice/],
    ['two log keys of one type', 'log.keys', ([first]: string[]) => [first, first], /log keys are of one type/],
    [
      'log keys of another name',
      'log.keys',
      strangerLog.keys.map(encodeVerifierKey),
      /log key is named "log.example\/other", want the origin "log.example\/models"/,
    ],
    ['a log key whose key ID is another one', 'log.keys.0', (key: string) => key.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), /key ID/],
    ['a date that does not exist', 'keys.0.times', { active: '2026-02-30T00:00:00.000Z' }, /active is "2026-02-30/],
  ])('refuses %s', (_, path, value, reason) => {
    expect(() => readTrust(edit(path, value))).toThrow(expect.objectContaining({ code: 'TRUST_INVALID', message: expect.stringMatching(reason) }))
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['half of it', text.slice(0, 200)],
    ['a member twice', text.replace('"version": 2,', '"version": 2, "version": 2,')],
    ['bytes after it', `${text}x`],
    ['a PEM key', makeKey('ecdsa-p256').pem],
  ])('refuses %s', (_, document) => {
    expect(() => readTrust(utf8(document))).toThrow(expect.objectContaining({ code: 'TRUST_INVALID' }))
  })

  it('refuses more than 4 MiB', () => {
    expect(() => readTrust(new Uint8Array(4 * 1024 * 1024 + 1))).toThrow(
      expect.objectContaining({ code: 'TRUST_INVALID', message: expect.stringMatching(/4194305 bytes/) }),
    )
  })
})

describe('the signatures', () => {
  const [first] = trust.keys
  if (first === undefined) throw new Error('no key')

  it('are by both log keys, as either engine sees it', () => {
    expect(parseTrustFile(utf8(text), portableEngine())).toEqual(trust)
  })

  it.each<[string, path: string, value: unknown]>([
    ['a key in another state', 'keys.0.state', 'destroyed'],
    ['a key less', 'keys', (keys: object[]) => keys.slice(1)],
    ['a later end', 'expiresAt', '2199-01-01T00:00:00.000Z'],
    ['another number', 'serial', 2],
    ['a policy more', 'policies', [{ name: 'default', minSignVersion: 1, minVerifyVersion: 1, deletionAllowed: true }]],
    [
      'signatures in each others place',
      'signatures',
      ([left, right]: { algorithm: string; signature: string }[]) => [
        { ...left, signature: right?.signature },
        { ...right, signature: left?.signature },
      ],
    ],
    ['one signature twice', 'signatures', ([left]: object[]) => [left, left]],
  ])('do not hold for %s', (_, path, value) => {
    expect(() => readTrust(edit(path, value))).toThrow(
      expect.objectContaining({ code: 'TRUST_INVALID', message: expect.stringMatching(/signature/) }),
    )
  })

  it.each([0, 1])('must both verify: number %i broken', (at) => {
    const breakIt = (signature: string): string =>
      Buffer.from(Buffer.from(signature, 'base64').map((byte, place) => (place === 9 ? byte ^ 1 : byte))).toString('base64')
    expect(() => readTrust(edit(`signatures.${at}.signature`, breakIt))).toThrow(/do not verify/)
  })

  it('of another log do not count', () => {
    const other = softwareLog('log.example/models')
    expect(() => readTrust(trustFileOf(trust, other))).toThrow(/do not verify/)
  })

  it('survive a change of white space and of the order of members', () => {
    const document = JSON.parse(text) as Record<string, unknown>
    const reordered = Object.fromEntries(Object.entries(document).reverse())
    expect(readTrust(utf8(JSON.stringify(reordered)))).toEqual(trust)
  })
})
