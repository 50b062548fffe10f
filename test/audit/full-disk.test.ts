/** A full disk under the log, a real one. */
import { expect, it } from 'vitest'
import { runOnSmallDisk } from '../support/small-disk.ts'

it('refuses while the disk is full, lives, and goes on without a restart when there is space again', () => {
  const report = runOnSmallDisk(new URL('fill-disk.ts', import.meta.url), 6)
  expect(report).toMatchObject({
    full: { code: 'AUDIT_UNAVAILABLE', hint: 'free disk space; nothing has to be restarted', retryable: true },
    codesWhileFull: ['AUDIT_UNAVAILABLE'],
    leavesWhileFull: 0,
    entriesWhenFull: 5,
    nextIndex: 0,
    receiptIndex: 0,
    sizeAfter: 1,
    sizeReopened: 0,
    answersOfRefused: 0,
  })
  expect(report['written']).toBeGreaterThan(50)
  expect(report['freeBytesWhenFull']).toBeLessThan(100_000)
})
