/** Canonical JSON against the examples of RFC 8785. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, type JsonValue } from '#core'

describe('canonical JSON', () => {
  it('writes the example of RFC 8785 §3.2.2', () => {
    const source = `{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}`
    expect(canonicalJson(JSON.parse(source) as JsonValue)).toBe(
      `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA'B\\"\\\\\\\\\\"/"}`,
    )
  })

  it('sorts names by UTF-16 code units (RFC 8785 §3.2.3)', () => {
    const source = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    }
    const values = [...canonicalJson(source).matchAll(/:"([^"]*)"/g)].map((match) => match[1])
    expect(values).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
  })

  it('has one form for one value, whatever the order of its names', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        expect(canonicalJson(reversed as JsonValue)).toBe(canonicalJson(value as JsonValue))
        expect(JSON.parse(canonicalJson(value as JsonValue))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('refuses what has no JSON form', () => {
    expect(() => canonicalJson(Number.NaN)).toThrow('NaN has no JSON form')
    expect(() => canonicalJson('\ud800')).toThrow('lone surrogate')
  })
})
