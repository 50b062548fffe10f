/** Checkpoints and the notes and keys around them: the samples of the specifications, and everything that must not open. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import { describe, expect, it } from 'vitest'
import { fromBase64, toHex, utf8 } from '#core'
import {
  cosignedMessage,
  decodeCheckpoint,
  encodeCheckpoint,
  encodeTimestampedSignature,
  encodeVerifierKey,
  formatNote,
  type LogVerifierKey,
  logVerifierKey,
  openCheckpoint,
  parseNote,
  parseVerifierKey,
} from '#tlog'
import { flipBit, refusal } from '../support/hostile.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'

// c2sp.org/tlog-cosignature's sample checkpoint, under our sample's name.
const SAMPLE = { origin: 'log.example/models', size: 20_852_163n, root: fromBase64('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=') }
const TIMESTAMP = 1_679_315_147n
const SEED = Uint8Array.from({ length: 32 }, (_, at) => at)

describe('the ML-DSA-44 message', () => {
  it('is the 106 bytes of the sample', () => {
    const message = cosignedMessage({ ...SAMPLE, name: SAMPLE.origin, timestampSeconds: TIMESTAMP })
    expect(message).toHaveLength(106)
    // c2sp.org/tlog-cosignature, field by field, written out by hand.
    expect(toHex(message)).toBe(
      [
        '737562747265652f76310a00', // "subtree/v1\n\0"
        '12', // 18 bytes of name
        toHex(utf8('log.example/models')),
        '00000000641850cb',
        '12',
        toHex(utf8('log.example/models')),
        '0000000000000000',
        '00000000013e2dc3', // 20,852,163
        '0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62',
      ].join(''),
    )
  })

  it('belongs to key ID 09306bd3 for seed 00..1f', () => {
    const { publicKey } = ml_dsa44.keygen(SEED)
    const key = logVerifierKey({ name: SAMPLE.origin, type: 'ml-dsa-44', publicKey })
    expect(toHex(key.keyId)).toBe('09306bd3')
    expect(toHex(softwareLog(SAMPLE.origin, SEED).keys[1].keyId)).toBe('09306bd3') // node:crypto makes the same key of the seed
  })

  it('verifies when noble signs it, inside a note that opens', () => {
    const ml = ml_dsa44.keygen(SEED)
    const keys = [
      logVerifierKey({ name: SAMPLE.origin, type: 'ed25519', publicKey: ed25519.getPublicKey(SEED) }),
      logVerifierKey({ name: SAMPLE.origin, type: 'ml-dsa-44', publicKey: ml.publicKey }),
    ] as const
    const text = encodeCheckpoint(SAMPLE)
    const signature = ml_dsa44.sign(cosignedMessage({ ...SAMPLE, name: SAMPLE.origin, timestampSeconds: TIMESTAMP }), ml.secretKey)
    const note = formatNote({
      text,
      signatures: [
        { name: SAMPLE.origin, keyId: keys[0].keyId, signature: ed25519.sign(utf8(text), SEED) },
        { name: SAMPLE.origin, keyId: keys[1].keyId, signature: encodeTimestampedSignature(TIMESTAMP, signature) },
      ],
    })
    expect(openCheckpoint(note, keys, nobleVerifier)).toEqual({ ...SAMPLE, timestampSeconds: TIMESTAMP })
  })
})

describe('opening a checkpoint', () => {
  const log = softwareLog(SAMPLE.origin)
  const note = log.signNow(SAMPLE, TIMESTAMP)
  const parsed = parseNote(note)
  const open = (text: string, keys: readonly LogVerifierKey[] = log.keys) => openCheckpoint(text, keys, nobleVerifier)

  it('takes both signatures of the log', () => {
    expect(open(note)).toEqual({ ...SAMPLE, timestampSeconds: TIMESTAMP })
  })

  it('ignores the lines of witnesses', () => {
    const witness = { name: 'witness.example/w1', keyId: Uint8Array.of(1, 2, 3, 4), signature: new Uint8Array(72) }
    expect(open(formatNote({ ...parsed, signatures: [witness, ...parsed.signatures] })).size).toBe(SAMPLE.size)
  })

  it.each([0, 1])('refuses it without signature %i', (at) => {
    const left = parsed.signatures.filter((_, index) => index !== at)
    expect(refusal(() => open(formatNote({ ...parsed, signatures: left })))).toBe('VERIFICATION_FAILED')
  })

  it.each([0, 1])('refuses it with a bit of signature %i flipped, wherever', (at) => {
    for (const byte of [0, 7, 8, 40, 63]) {
      const signatures = parsed.signatures.map((line, index) => (index === at ? { ...line, signature: flipBit(line.signature, byte) } : line))
      expect(refusal(() => open(formatNote({ ...parsed, signatures })))).toBe('VERIFICATION_FAILED')
    }
  })

  it('names both halves when both fail', () => {
    const signatures = parsed.signatures.map((line) => ({ ...line, signature: flipBit(line.signature, 20) }))
    expect(() => open(formatNote({ ...parsed, signatures }))).toThrow(/ed25519 .* does not verify; ml-dsa-44 .* does not verify/)
  })

  it('refuses another size, root or origin under the same signatures', () => {
    for (const changed of [{ size: SAMPLE.size + 1n }, { root: flipBit(SAMPLE.root, 0) }, { origin: 'log.example/other' }]) {
      const text = encodeCheckpoint({ ...SAMPLE, ...changed })
      expect(refusal(() => open(formatNote({ text, signatures: parsed.signatures })))).toBe('VERIFICATION_FAILED')
    }
  })

  it('refuses keys of another log, and another log that our keys signed', () => {
    expect(refusal(() => open(note, softwareLog(SAMPLE.origin).keys))).toBe('VERIFICATION_FAILED')
    expect(refusal(() => open(note, softwareLog('log.example/other').keys))).toBe('VERIFICATION_FAILED')
    const foreign = log.signNow({ ...SAMPLE, origin: 'log.example/other' }, TIMESTAMP)
    expect(refusal(() => open(foreign))).toBe('VERIFICATION_FAILED')
  })

  it('refuses an Ed25519 signature where the ML-DSA-44 one belongs', () => {
    const [edLine, mlLine] = parsed.signatures
    const swapped = [edLine, { ...mlLine, signature: edLine?.signature }] as typeof parsed.signatures
    expect(refusal(() => open(formatNote({ ...parsed, signatures: swapped })))).toBe('VERIFICATION_FAILED')
  })

  it('refuses extension lines, which ML-DSA-44 would not cover', () => {
    expect(refusal(() => decodeCheckpoint(`${encodeCheckpoint(SAMPLE)}more\n`))).toBe('FORMAT_INVALID')
  })

  it.each([
    ['leading zero in the size', 'o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
    ['negative size', 'o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
    ['short root', 'o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n'],
    ['root in other base64', 'o\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n'],
    ['no newline at the end', 'o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='],
    ['two lines', 'o\n1\n'],
  ])('refuses a body with %s', (_what, text) => {
    expect(refusal(() => decodeCheckpoint(text))).toBe('FORMAT_INVALID')
  })
})

describe('signed notes', () => {
  // The example in the documentation of golang.org/x/mod/sumdb/note: another implementation's key and note.
  const VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
  const NOTE =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

  it('reads the note of another implementation, and its signature verifies', () => {
    const key = parseVerifierKey(VKEY)
    const { text, signatures } = parseNote(NOTE)
    expect(signatures.map(({ name, keyId }) => [name, toHex(keyId)])).toEqual([['PeterNeumann', toHex(key.keyId)]])
    expect(nobleVerifier.verifyEd25519(key.publicKey, utf8(text), signatures[0]?.signature as Uint8Array)).toBe(true)
    expect(nobleVerifier.verifyEd25519(key.publicKey, utf8(`${text}\n`), signatures[0]?.signature as Uint8Array)).toBe(false)
    expect(formatNote({ text, signatures })).toBe(NOTE)
    expect(encodeVerifierKey(key)).toBe(VKEY)
  })

  it('separates at the last empty line', () => {
    const line = { name: 'n', keyId: Uint8Array.of(1, 2, 3, 4), signature: Uint8Array.of(5) }
    expect(parseNote(formatNote({ text: 'a\n\nb\n', signatures: [line] }))).toEqual({ text: 'a\n\nb\n', signatures: [line] })
  })

  it.each([
    ['no signature line', 'text\n\n'],
    ['no blank line', 'text\n— n AQIDBAU=\n'],
    ['no newline at the end', 'text\n\n— n AQIDBAU='],
    ['a hyphen for the dash', 'text\n\n- n AQIDBAU=\n'],
    ['two spaces', 'text\n\n— n  AQIDBAU=\n'],
    ['a key ID and nothing after it', 'text\n\n— n AQIDBA==\n'],
    ['base64 with stray bits', 'text\n\n— n AQIDBAV=\n'],
    ['a carriage return', 'text\r\n\n— n AQIDBAU=\n'],
    ['65 signatures', `text\n\n${'— n AQIDBAU=\n'.repeat(65)}`],
  ])('refuses a note with %s', (_what, note) => {
    expect(refusal(() => parseNote(note))).toBe('FORMAT_INVALID')
  })

  it('refuses names that a note cannot hold', () => {
    for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\u00a0b']) {
      expect(refusal(() => logVerifierKey({ name, type: 'ed25519', publicKey: new Uint8Array(32) }))).toBe('INPUT_INVALID')
    }
  })
})

describe('log keys as text', () => {
  it.each([0, 1])('read back what was written, type %i', (at) => {
    const key = softwareLog(SAMPLE.origin).keys[at] as LogVerifierKey
    expect(parseVerifierKey(encodeVerifierKey(key))).toEqual(key)
  })

  it('refuse a wrong key ID, an unknown type, a short key', () => {
    const [key] = softwareLog(SAMPLE.origin, SEED).keys
    const text = encodeVerifierKey(key)
    expect(refusal(() => parseVerifierKey(text.replace(toHex(key.keyId), '00000000')))).toBe('FORMAT_INVALID')
    expect(refusal(() => parseVerifierKey('n+00000000+Ag=='))).toBe('FORMAT_INVALID')
    expect(refusal(() => parseVerifierKey('n+00000000+AQI='))).toBe('KEY_INVALID')
    expect(refusal(() => parseVerifierKey('n+00000000'))).toBe('FORMAT_INVALID')
  })
})
