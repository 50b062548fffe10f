/** Adds up what ran: every check counts as one, a skipped test counts as failed, and a run that says nothing failed. */
import { stripVTControlCharacters } from 'node:util'

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
  readonly testResults: readonly TestFile[]
}

interface TestFile {
  /** The file's path. */
  readonly name: string
  /** Why it did not load. */
  readonly message: string
  readonly assertionResults: readonly { readonly fullName: string; readonly status: string; readonly failureMessages: readonly string[] }[]
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
  notes.push(...failedTests(report))
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

// By name near the last line: of a long log, often only the end is kept.
function failedTests({ testResults }: TestReport): string[] {
  const failed = testResults.flatMap(({ name, message, assertionResults }) => [
    ...(message === '' ? [] : [`${name}: ${firstLine(message)}`]),
    ...assertionResults.filter(({ status }) => status === 'failed').map((test) => `${name}: ${test.fullName}: ${firstLine(test.failureMessages[0])}`),
  ])
  const left = failed.length - MOST_NAMED
  return [...failed.slice(0, MOST_NAMED).map((test) => `failed: ${test}`), ...(left > 0 ? [`failed: ${left} more`] : [])]
}

function firstLine(message = ''): string {
  return stripVTControlCharacters(message).split('\n', 1)[0]?.slice(0, MOST_CHARACTERS) ?? ''
}

/** The last line of `make test`. */
export function summaryLine({ passed, failed }: Summary): string {
  return `${passed} passed, ${failed} failed`
}

const MOST_NAMED = 20
const MOST_CHARACTERS = 500
