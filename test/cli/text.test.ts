/** Text that reaches a terminal. */
import { describe, expect, it } from 'vitest'
import { formatBytes, jsonText, plural, table, visible } from '../../src/cli/text.ts'

describe('foreign text', () => {
  it('cannot move the cursor, start a line or turn the reading direction', () => {
    expect(visible('a\u001b[2Jb\r\nc\u009bd\u202ee\u2028f\u0000')).toBe('a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{9b}d\\u{202e}e\\u{2028}f\\u{0}')
  })

  it('stays as it is when it is only letters of any language', () => {
    expect(visible('модель 模型 naïve 🦭 a/b.bin')).toBe('модель 模型 naïve 🦭 a/b.bin')
  })

  it('survives JSON unchanged for programs and harmless for terminals', () => {
    const name = 'x\u009b\u007f\u202e\n\u{e0001}'
    const text = jsonText({ name })
    expect(text).toMatch(/^[\x20-\x7e]*$/)
    expect(JSON.parse(text)).toEqual({ name })
  })
})

it('writes 64-bit numbers as JSON numbers as long as they are exact', () => {
  expect(jsonText({ index: 7n, large: 2n ** 60n })).toBe('{"index":7,"large":"1152921504606846976"}')
})

it.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.00 kB'],
  [999_999, '1.00 MB'],
  [4 * 2 ** 30, '4.29 GB'],
])('shows %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

it('counts in words', () => {
  expect([plural(0, 'file'), plural(1, 'file'), plural(2, 'file')]).toEqual(['0 files', '1 file', '2 files'])
})

it('lines up columns without trailing space', () => {
  expect(
    table([
      ['a', 'b'],
      ['long', 'c'],
    ]),
  ).toEqual(['a     b', 'long  c'])
})
