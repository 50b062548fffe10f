/** Times keep their millisecond, and bounds between milliseconds keep their meaning. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromTimestamp, toTimestamp } from '#wire'

describe('a timestamp', () => {
  it('of any millisecond comes back as it was', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }), (date) => {
        const { seconds, nanos } = toTimestamp(date)
        expect(nanos).toBeGreaterThanOrEqual(0)
        expect(fromTimestamp({ seconds: String(seconds), nanos: nanos ?? 0 })).toEqual(date)
      }),
    )
  })

  it('between two milliseconds is rounded up', () => {
    expect(fromTimestamp({ seconds: '0', nanos: 1 })).toEqual(new Date(1))
  })

  it.each([
    ['-62135596801', 0],
    ['253402300800', 0],
    ['0', -1],
    ['0', 1_000_000_000],
    ['9223372036854775807', 0],
  ])('of %s s and %s ns is refused', (seconds, nanos) => {
    expect(() => fromTimestamp({ seconds, nanos })).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
  })
})
