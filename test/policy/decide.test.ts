/** The decision: denied unless a rule allows it, and a rule more never takes a right away. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseIdentity } from '#core'
import { decide, decideForSomeKey, OPERATION_NAMES, type OperationName, type PolicyRule, type PolicyTable } from '#policy'
import { processorMs } from '../support/processor-time.ts'

const TABLE: PolicyTable = [
  { identity: 'local', operations: ['*'], keys: ['*'] },
  { identity: 'spiffe://registry.example/publisher', operations: ['sign', 'keys.read'], keys: ['default', 'prod-*'] },
  { identity: 'spiffe://registry.example/ci/*', operations: ['sign'], keys: ['ci-*-linux'] },
  { identity: '*.example.org', operations: ['verify', 'audit.read'], keys: [] },
  { identity: '*', operations: ['verify'], keys: [] },
]

function allowed(identity: string, operation: OperationName, key?: string, table = TABLE): boolean {
  return decide(table, parseIdentity(identity), operation, key).allowed
}

describe('a table', () => {
  it.each<[string, OperationName, string | undefined, boolean]>([
    ['local', 'sign', 'default', true],
    ['local', 'keys.read', undefined, true],
    ['local', 'audit.read', undefined, true],
    ['local.example.com', 'sign', 'default', false],
    ['spiffe://registry.example/publisher', 'sign', 'default', true],
    ['spiffe://registry.example/publisher', 'sign', 'prod-2026', true],
    ['spiffe://registry.example/publisher', 'sign', 'prod', false],
    ['spiffe://registry.example/publisher', 'sign', 'test', false],
    ['spiffe://registry.example/publisher', 'keys.read', undefined, false],
    ['spiffe://registry.example/publisher', 'audit.read', undefined, false],
    ['spiffe://registry.example/publisher/x', 'sign', 'default', false],
    ['spiffe://registry.example/ci/a/b', 'sign', 'ci-7-linux', true],
    ['spiffe://registry.example/ci/a/b', 'sign', 'ci-linux', false],
    ['spiffe://registry.example/ci', 'sign', 'ci-7-linux', false],
    ['ops.example.org', 'audit.read', undefined, true],
    ['ops.example.org', 'sign', 'default', false],
    ['spiffe://evil.test/a.example.org', 'audit.read', undefined, false],
    ['spiffe://evil.test/a.example.org', 'verify', undefined, true],
  ])('lets %s do %s with key %s: %s', (identity, operation, key, want) => {
    expect(allowed(identity, operation, key)).toBe(want)
  })

  it('says which rule allowed it, and why not otherwise', () => {
    expect(decide(TABLE, parseIdentity('spiffe://registry.example/publisher'), 'sign', 'default')).toEqual({ allowed: true, rule: 1 })
    expect(decide([], parseIdentity('local'), 'sign', 'default')).toEqual({ allowed: false, reason: 'no rule names this identity' })
    expect(decide(TABLE, parseIdentity('a.test'), 'sign', 'default')).toMatchObject({ allowed: false, reason: expect.stringContaining('operation') })
    expect(decide(TABLE, parseIdentity('spiffe://registry.example/ci/1'), 'sign', 'default')).toMatchObject({
      reason: expect.stringContaining('this key'),
    })
  })
})

const names = fc.constantFrom('local', 'loopback', 'a.example.org', 'b.example.org', 'spiffe://d.test/a', 'spiffe://d.test/a/b')
const keys = fc.constantFrom('default', 'prod-1', 'prod-2')
const operations = fc.constantFrom(...OPERATION_NAMES)
const rules: fc.Arbitrary<PolicyRule> = fc.record({
  identity: fc.oneof(names, fc.constantFrom('*', '*.example.org', 'spiffe://d.test/*', 'a.*')),
  operations: fc.array(fc.oneof(operations, fc.constant('*' as const)), { minLength: 1, maxLength: 3 }),
  keys: fc.array(fc.oneof(keys, fc.constantFrom('*', 'prod-*', '*-1')), { maxLength: 3 }),
})

describe('every table', () => {
  it('denies everything while it is empty', () => {
    fc.assert(fc.property(names, operations, fc.option(keys, { nil: undefined }), (name, operation, key) => !allowed(name, operation, key, [])))
  })

  it('never takes a right away with a rule more, wherever it is put', () => {
    fc.assert(
      fc.property(
        fc.array(rules, { maxLength: 6 }),
        rules,
        fc.nat(6),
        names,
        operations,
        fc.option(keys, { nil: undefined }),
        (table, rule, at, ...asked) => {
          const [name, operation, key] = asked
          fc.pre(allowed(name, operation, key, table))
          expect(allowed(name, operation, key, table.toSpliced(at, 0, rule))).toBe(true)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('allows only what one of its rules allows alone', () => {
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 6 }), names, operations, fc.option(keys, { nil: undefined }), (table, name, operation, key) => {
        expect(allowed(name, operation, key, table)).toBe(table.some((rule) => allowed(name, operation, key, [rule])))
      }),
      { numRuns: 2000 },
    )
  })

  it('that allows all keys allows each of them', () => {
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 6 }), names, operations, keys, (table, name, operation, key) => {
        fc.pre(allowed(name, operation, undefined, table))
        expect(allowed(name, operation, key, table)).toBe(true)
      }),
    )
  })
})

describe('a pattern', () => {
  const matches = (pattern: string, text: string) => allowed(text, 'verify', undefined, [{ identity: pattern, operations: ['verify'], keys: [] }])
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), minLength: 1, maxLength: 12 })

  it('matches what the regular expression with .* for * matches', () => {
    fc.assert(
      fc.property(texts, texts, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
        expect(matches(pattern, text)).toBe(expression.test(text))
      }),
      { numRuns: 5000 },
    )
  })

  it('does not take more than linear time', () => {
    const spentMs = processorMs()
    expect(matches(`${'a*'.repeat(1000)}b`, 'a'.repeat(2048))).toBe(false)
    expect(spentMs()).toBeLessThan(2000)
  })
})

it('decides for some key: whether any rule for this identity allows the operation at all', () => {
  const publisher = parseIdentity('spiffe://registry.example/publisher')
  expect(decideForSomeKey(TABLE, publisher, 'sign')).toMatchObject({ allowed: true })
  expect(decideForSomeKey([], publisher, 'sign')).toEqual({ allowed: false, reason: 'no rule names this identity' })
  expect(decideForSomeKey(TABLE, parseIdentity('a.test'), 'sign')).toMatchObject({ allowed: false, reason: expect.stringContaining('operation') })
})
