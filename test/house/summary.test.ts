/** A run may only count as passed when something ran and nothing was left out. */
import { describe, expect, it } from 'vitest'
import { summarise, summaryLine, type TestReport } from './summary.ts'

const GOOD: TestReport = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, success: true, testResults: [] }
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

  it('names what failed near its end, where logs are kept, but not without bound', () => {
    const assertionResults = [
      { fullName: 'a log is whole', status: 'failed', failureMessages: ['\u001b[31mError: expected 1\nat line 3', 'Error: second'] },
      { fullName: 'a log is there', status: 'passed', failureMessages: [] },
    ]
    const files = [
      { name: 'a.test.ts', message: '', assertionResults },
      { name: 'b.test.ts', message: 'SyntaxError: no\nat', assertionResults: [] },
    ]
    const report = { ...GOOD, numFailedTests: 1, success: false, testResults: files }
    expect(summarise([], report).notes).toEqual(['failed: a.test.ts: a log is whole: Error: expected 1', 'failed: b.test.ts: SyntaxError: no'])
    const many = { ...report, testResults: Array.from({ length: 5000 }, () => files).flat() }
    expect(summarise([], many).notes).toHaveLength(21)
    expect(summarise([], many).notes.at(-1)).toBe('failed: 9980 more')
  })
})
