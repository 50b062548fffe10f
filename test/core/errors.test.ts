/** The error catalogue is complete and every message can be shown to anybody. */
import { describe, expect, it } from 'vitest'
import { ERROR_CATALOGUE, newOperationId, parseIdempotencyKey, parseKeyName, parseOperationId, SealstoneError, toSealstoneError } from '#core'

describe('errors', () => {
  it.each(Object.entries(ERROR_CATALOGUE))('%s says what happened and what to do next', (code, entry) => {
    expect(code).toMatch(/^[A-Z][A-Z_]+$/)
    expect(entry.text).toMatch(/^[a-z].*[^.]$/)
    expect(entry.hint.length).toBeGreaterThan(10)
    expect([1, 2, 3]).toContain(entry.exit)
  })

  it('keeps the cause and passes its own kind through', () => {
    const cause = new Error('disk')
    const wrapped = toSealstoneError(cause, 'AUDIT_UNAVAILABLE')
    expect(wrapped.cause).toBe(cause)
    expect(wrapped.message).toBe('the audit log cannot be written, so nothing was released')
    expect(toSealstoneError(wrapped)).toBe(wrapped)
  })

  it('names an abort and a timeout', () => {
    expect(toSealstoneError(AbortSignal.abort().reason).code).toBe('CANCELLED')
    expect(toSealstoneError(new DOMException('late', 'TimeoutError')).code).toBe('DEADLINE_EXCEEDED')
  })
})

describe('names', () => {
  it.each(['', 'A', '-a', 'a_b', 'a'.repeat(64), 'a/b', 'ä'])('refuses the key name %j', (name) => {
    expect(() => parseKeyName(name)).toThrow(SealstoneError)
  })

  it('refuses an idempotency key that is empty, long or not printable', () => {
    for (const key of ['', 'a b', 'x'.repeat(129), 'a\n']) expect(() => parseIdempotencyKey(key)).toThrow(SealstoneError)
  })

  it('makes operation ids that parse', () => {
    const id = newOperationId()
    expect(parseOperationId(id)).toBe(id)
    expect(newOperationId()).not.toBe(id)
  })
})
