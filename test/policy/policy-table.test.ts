/** The allow table is read strictly: what is misspelt is refused by name, not ignored. */
import { describe, expect, it } from 'vitest'
import { parsePolicyTable } from '#policy'

const RULE = { identity: 'spiffe://registry.example/*', operations: ['sign', 'keys.read'], keys: ['default', 'prod-*'] }

describe('a table', () => {
  it('is read as it is written', () => {
    expect(parsePolicyTable([RULE, { identity: 'local', operations: ['*'], keys: ['*'] }])).toEqual([
      RULE,
      { identity: 'local', operations: ['*'], keys: ['*'] },
    ])
  })

  it('may leave out the keys where no operation is about keys', () => {
    expect(parsePolicyTable([{ identity: '*', operations: ['verify', 'audit.read'] }])).toEqual([
      { identity: '*', operations: ['verify', 'audit.read'], keys: [] },
    ])
  })

  it.each<[string, unknown, RegExp]>([
    ['a table that is not a list', { identity: 'local' }, /policy\.allow is not a list/],
    ['a rule that is not a table', ['local'], /policy\.allow\[0\] is not a table/],
    ['a misspelt member', [{ ...RULE, operation: ['sign'] }], /\[0\] has an unknown member "operation"/],
    ['no identity', [{ operations: ['sign'], keys: ['*'] }], /\[0\]\.identity/],
    ['an identity with a space', [{ ...RULE, identity: 'a b' }], /\[0\]\.identity/],
    ['any trust domain', [{ ...RULE, identity: 'spiffe://*/publisher' }], /want a trust domain without \*/],
    ['no trust domain', [{ ...RULE, identity: 'spiffe:///publisher' }], /want a trust domain/],
    ['a misspelt operation', [RULE, { ...RULE, operations: ['sing'] }], /\[1\]\.operations has "sing", want sign, verify/],
    ['no operations', [{ ...RULE, operations: [] }], /\[0\]\.operations is empty/],
    ['operations that are a text', [{ ...RULE, operations: 'sign' }], /\[0\]\.operations is not a list/],
    ['a right to sign without keys', [{ identity: 'local', operations: ['sign'] }], /\[0\]\.keys is empty, but "sign" is about keys/],
    ['all rights without keys', [{ identity: 'local', operations: ['*'], keys: [] }], /\[0\]\.keys is empty/],
    ['a key that no key can be named', [{ ...RULE, keys: ['Default'] }], /\[0\]\.keys has "Default"/],
    ['a key that is a number', [{ ...RULE, keys: [7] }], /\[0\]\.keys is not a list/],
  ])('is refused with %s', (_, value, message) => {
    expect(() => parsePolicyTable(value)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }))
  })
})
