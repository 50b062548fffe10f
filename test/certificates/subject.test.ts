/** Subjects: RFC 4514 text in, the same text out of the certificate; what has two meanings is refused. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { certificateRequest, verifyCertificateRequest } from '#certificates'
import { SealstoneError } from '#core'
import { findSuite, sign } from '#suites'
import { nativeEngine } from '#suites/native'
import { nodeKey, type SoftwareKey } from '../suites/software-signer.ts'

const engine = nativeEngine()
const suite = findSuite('ed25519')
let software: SoftwareKey

beforeAll(() => {
  software = nodeKey(suite)
})

describe('a subject', () => {
  it.each([
    ['CN=default', 'CN=default'],
    ['CN=default,O=Example', 'CN=default,O=Example'],
    ['cn=default,o=Example', 'CN=default,O=Example'],
    ['CN=default,OU=Models,O=Example,L=Genève,ST=GE,C=CH,DC=example,DC=com', 'CN=default,OU=Models,O=Example,L=Genève,ST=GE,C=CH,DC=example,DC=com'],
    ['CN=a=b', 'CN=a=b'],
    ['CN=a\\=b', 'CN=a=b'],
    ['O=Sue\\, Grabbit and Runn', 'O=Sue\\, Grabbit and Runn'],
    ['CN=\\"x\\"\\+\\,\\;\\<\\>\\\\', 'CN=\\"x\\"\\+\\,\\;\\<\\>\\\\'],
    ['CN=\\ a\\ ', 'CN=\\ a\\ '],
    ['CN=\\ ', 'CN=\\ '],
    ['CN=\\#a#', 'CN=\\#a#'],
    ['CN=Lu\\C4\\8Di\\C4\\87', 'CN=Lučić'], // RFC 4514 §4
    ['CN=\\f0\\9f\\8e\\82', 'CN=🎂'],
    ['CN=a b', 'CN=a b'],
    [`CN=${'é'.repeat(64)}`, `CN=${'é'.repeat(64)}`],
  ])('%s is read and comes back as %s', async (text, want) => {
    expect(await roundTrip(text)).toBe(want)
  })

  it.each([
    ['', /has no =/],
    ['default', /has no =/],
    ['CN=', /has 0 characters/],
    ['=x', /attribute is ""/],
    ['CN=a,', /has no =/],
    [',CN=a', /has no =/],
    ['CN=a, O=b', /attribute is " O"/],
    ['CN =a', /attribute is "CN "/],
    ['CN= a', /begins with a space/],
    ['CN=a ', /ends with a space/],
    ['CN=#0402', /begins with a space or #/],
    ['CN=a+O=b', /joined by \+ are not supported/],
    ['CN="a"', /has " without a backslash/],
    ['CN=a;O=b', /has ; without a backslash/],
    ['CN=<a>', /has < without a backslash/],
    ['CN=a\\', /backslash before ""/],
    ['CN=a\\x', /backslash before "x"/],
    ['CN=a\\C', /backslash before "C"/],
    ['CN=\\ff', /is not UTF-8/],
    ['CN=\\ed\\a0\\80', /is not UTF-8/],
    ['CN=\ud800', /lone surrogate/],
    ['CN=a\\00b', /control character/],
    ['CN=a\nO=b', /control character/],
    ['CN=a\u0085', /control character/],
    ['CN=a\u2028', /control character/],
    ['2.5.4.3=a', /attribute is "2.5.4.3"/],
    ['OID.2.5.4.3=a', /attribute is/],
    ['E=a@b', /attribute is "E"/],
    ['C=CHE', /C has 3 characters/],
    ['C=ch', /two capital letters/],
    ['C=\u00c9\u00c9', /two capital letters/],
    ['DC=a.b', /one label/],
    [`DC=${'a'.repeat(64)}`, /DC has 64 characters/],
    [`CN=${'a'.repeat(65)}`, /CN has 65 characters, want 1 to 64/],
    [`O=${'🎂'.repeat(65)}`, /O has 65 characters/],
    [Array.from({ length: 17 }, () => 'OU=a').join(','), /17 attributes, want at most 16/],
    [`CN=${'a'.repeat(1022)}`, /subject has 1025 characters, want at most 1024/],
  ])('%j is refused', async (text, reason) => {
    await expect(roundTrip(text)).rejects.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringMatching(reason) })
  })

  it('of any allowed value comes back as one text, which reads as the same value', async () => {
    const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
    await fc.assert(
      fc.asyncProperty(value, fc.constantFrom('CN', 'O', 'OU', 'L', 'ST'), async (text, name) => {
        const everythingEscaped = Array.from(Buffer.from(text), (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
        const written = await roundTrip(`${name}=${everythingEscaped}`)
        expect(await roundTrip(written)).toBe(written)
        expect(written.replace(/\\([ "#+,;<=>\\])/g, '$1')).toBe(`${name}=${text}`)
      }),
      { numRuns: 200 },
    )
  })

  it('of any text is read, or refused with an error of ours', async () => {
    const piece = fc.constantFrom('CN=', 'O=', ',', '\\', '+', '"', ' ', '#', 'a', '\\2c', '\\ ', '\u0000', 'é', '=')
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
        ),
        async (text) => {
          const outcome = await roundTrip(text).then(
            async (written) => ((await roundTrip(written)) === written ? 'one text' : 'two texts'),
            (error: unknown) => (error instanceof SealstoneError ? error.code : String(error)),
          )
          expect(outcome).toMatch(/^(one text|INPUT_INVALID)$/)
        },
      ),
      { numRuns: 1000 },
    )
  })
})

/** Into a certificate request and out of it again. */
async function roundTrip(subject: string): Promise<string> {
  const request = await certificateRequest(engine, { key: software.key, subject, sign: async (bytes) => sign(engine, suite, software.signer, bytes) })
  return verifyCertificateRequest(engine, request.der).subject
}
