/** Text forms of bytes are strict: what decodes also encodes back to the same text. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareCodePoints,
  concatBytes,
  equalBytes,
  excerpt,
  fromBase64,
  fromBase64Url,
  fromHex,
  toBase64,
  toBase64Url,
  toHex,
  u64,
  utf8,
  utf8Text,
} from '#core'

describe('bytes', () => {
  it('come back unchanged from hex and base64', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes)
        expect(fromBase64(toBase64(bytes))).toEqual(bytes)
        expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes)
        expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      }),
    )
  })

  it.each(['QQ', 'QQ=', 'QR==', 'QQ== ', 'Q Q==', 'QQ==\n', 'Q-==', '====', 'QQ===', 'A'])('refuses the non-canonical base64 %j', (text) => {
    expect(() => fromBase64(text)).toThrow()
  })

  it.each(['Q', 'QQ==', 'QR', 'QQR', 'QQ ', 'Q+Q/', 'QQ\n', '='])('refuses the non-canonical base64url %j', (text) => {
    expect(() => fromBase64Url(text)).toThrow()
  })

  it.each(['0', '0G', 'AB', '0x00', ' 00'])('refuses the hex %j', (text) => {
    expect(() => fromHex(text)).toThrow()
  })

  it('refuses hex of another length', () => {
    expect(() => fromHex('00ff', 3)).toThrow('hex holds 2 bytes, want 3')
  })

  it('orders names by code point where UTF-16 order differs', () => {
    const names = ['\u{10000}', '\uffff', 'b', 'a', 'ab']
    expect(names.toSorted(compareCodePoints)).toEqual(['a', 'ab', 'b', '\uffff', '\u{10000}'])
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, text, (start, left, right) => {
        const [one, other] = [start + left, start + right]
        expect(Math.sign(compareCodePoints(one, other))).toBe(Buffer.compare(Buffer.from(one), Buffer.from(other)))
      }),
      { numRuns: 2000 },
    )
  })

  it('refuses text and bytes that are not well formed', () => {
    expect(() => utf8('\ud800')).toThrow('lone surrogate')
    expect(() => utf8Text(new Uint8Array([0xc0, 0x80]))).toThrow('not valid UTF-8')
  })

  it('joins, compares and counts', () => {
    expect(concatBytes(u64(1n), utf8('a'))).toEqual(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1, 0x61]))
    expect(equalBytes(utf8('ab'), utf8('abc'))).toBe(false)
  })

  it('shows foreign text short and without control characters', () => {
    expect(excerpt(`\u001b[31m${'x'.repeat(100)}`)).toMatch(/^"\\u001b\[31mx{35}…"$/)
  })
})
