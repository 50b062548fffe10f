/** A run may only count as passed when something ran and nothing was left out. */
import { describe, expect, it } from 'vitest'
import { summarise, summaryLine, type TestReport } from './summary.ts'

const GOOD: TestReport = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, success: true }
const CHECKS = [
  { name: 'types', ok: true },
  { name: 'lint', ok: true },
]

describe('the summary of a run', () => {
  it('counts tests and checks alike', () => {
    expect(summaryLine(summarise(CHECKS, GOOD))).toBe('5 passed, 0 failed')
  })

  it.each<[string, Parameters<typeof summarise>, string]>([
    ['a failed test', [CHECKS, { ...GOOD, numPassedTests: 2, numFailedTests: 1, success: false }], '4 passed, 1 failed'],
    ['a failed check', [[{ name: 'types', ok: false }], GOOD], '3 passed, 1 failed'],
    ['a skipped test', [CHECKS, { ...GOOD, numPendingTests: 2 }], '5 passed, 2 failed'],
    ['a test that is still to be written', [CHECKS, { ...GOOD, numTodoTests: 1 }], '5 passed, 1 failed'],
    ['a test file that does not load', [CHECKS, { ...GOOD, success: false }], '5 passed, 1 failed'],
    ['a run without tests', [CHECKS, { ...GOOD, numPassedTests: 0 }], '2 passed, 1 failed'],
    ['a test runner that died', [CHECKS, undefined], '2 passed, 1 failed'],
  ])('counts %s as a failure', (_, [checks, report], line) => {
    expect(summaryLine(summarise(checks, report))).toBe(line)
  })
})
