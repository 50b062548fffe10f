/** The strict JSON reader agrees with JSON.parse on what is valid, and refuses what JSON.parse would hide. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseStrictJson, parseStrictObject, SealstoneError } from '#core'

const limits = { maxBytes: 10_000, maxDepth: 8 }

describe('strict JSON', () => {
  it('reads every value that JSON.stringify writes, as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(parseStrictJson(text, { maxBytes: 1_000_000, maxDepth: 64 })).toEqual(JSON.parse(text))
      }),
    )
  })

  it.each([
    ['the same name twice', '{"a":1,"a":2}'],
    ['the same name twice, one escaped', '{"a":1,"\\u0061":2}'],
    ['the same name twice in an inner object', '[{"x":{"b":[],"b":0}}]'],
    ['the same name twice after an inner object', '{"a":{"b":1},"c":[1,2],"a":0}'],
  ])('refuses %s', (_rule, text) => {
    expect(() => parseStrictJson(text, limits)).toThrow(/appears twice/)
  })

  it.each([
    ['one name in two objects', '[{"a":1},{"a":1}]'],
    ['a name equal to a text value', '{"a":"a","b":["a","a"]}'],
    ['braces and quotes inside text', '{"a":"{\\"a\\":1,\\"a\\"","b":"]["}'],
  ])('accepts %s', (_rule, text) => {
    expect(parseStrictJson(text, limits)).toEqual(JSON.parse(text))
  })

  it.each([
    ['trailing bytes', '{} {}'],
    ['an empty document', ''],
    ['a cut document', '{"a":"b'],
    ['a trailing comma', '[1,]'],
    ['NaN', 'NaN'],
    ['a byte order mark', '\uFEFF{}'],
  ])('refuses %s', (_rule, text) => {
    expect(() => parseStrictJson(text, limits)).toThrow(SealstoneError)
  })

  it('refuses invalid UTF-8', () => {
    expect(() => parseStrictJson(new Uint8Array([0x22, 0xff, 0x22]), limits)).toThrow(/UTF-8/)
  })

  it('refuses nesting over the limit before it costs memory or stack', () => {
    expect(() => parseStrictJson('['.repeat(9) + ']'.repeat(9), limits)).toThrow(/nested deeper than 8/)
    expect(() => parseStrictJson('['.repeat(2_000_000), { maxBytes: 3_000_000 })).toThrow(SealstoneError)
  })

  it('counts values before they cost memory, and looks for no quote behind a backslash', () => {
    expect(() => parseStrictJson(`[${'{},'.repeat(20)}{}]`, { maxBytes: 1000, maxValues: 20 })).toThrow(/over 20 values/)
    expect(() => parseStrictJson(`[${'{},'.repeat(3_000_000)}{}]`, { maxBytes: 20_000_000 })).toThrow(/over 10000 values/)
    for (const value of [['a"'], ['a\\'], ['\\\\"', { 'b"\\': 1 }], ['']]) {
      expect(parseStrictJson(JSON.stringify(value), { maxBytes: 100 })).toEqual(value)
    }
    for (const text of [String.raw`["a\"]`, '{"a\\', '{"a', String.raw`{"\q":1}`]) {
      expect(() => parseStrictJson(text, { maxBytes: 100 })).toThrow(SealstoneError)
    }
  })

  it('refuses a document over the size limit', () => {
    expect(() => parseStrictJson(`"${'a'.repeat(10_000)}"`, limits)).toThrow(/want at most 10000/)
  })

  it('refuses a top level that is not an object where one is wanted', () => {
    expect(() => parseStrictObject('[]', limits)).toThrow('document is an array, want an object')
  })
})
