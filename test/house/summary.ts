/** Adds up what ran: every check counts as one, a skipped test counts as failed, and a run that says nothing failed. */

export interface CheckResult {
  readonly name: string
  readonly ok: boolean
}

/** The part of vitest's JSON report that is read here. */
export interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly success: boolean
}

export interface Summary {
  readonly passed: number
  readonly failed: number
  readonly notes: readonly string[]
}

/** @param report undefined when the test runner died before it wrote one */
export function summarise(checks: readonly CheckResult[], report: TestReport | undefined): Summary {
  const notes = checks.filter(({ ok }) => !ok).map(({ name }) => `check ${name} failed`)
  const passed = checks.length - notes.length + (report?.numPassedTests ?? 0)
  if (report === undefined) return { passed, failed: notes.length + 1, notes: [...notes, 'the test runner ended without a report'] }
  let failed = notes.length + report.numFailedTests
  const skipped = report.numPendingTests + report.numTodoTests
  if (skipped > 0) notes.push(`${skipped} tests were skipped, which counts as failed`)
  failed += skipped
  if (report.numPassedTests + report.numFailedTests === 0) {
    notes.push('no test ran')
    failed++
  } else if (!report.success && report.numFailedTests === 0) {
    notes.push('a test file did not load, or something was thrown outside the tests')
    failed++
  }
  return { passed, failed, notes }
}

/** The last line of `make test`. */
export function summaryLine({ passed, failed }: Summary): string {
  return `${passed} passed, ${failed} failed`
}
