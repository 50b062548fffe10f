/** What verification answers: every check by name, every difference, and what the caller should know besides. */
import type { KeyName } from '#core'
import type { SuiteId } from '#suites'
import type { FileDifference } from './compare-files.ts'

export type CheckName = (typeof CHECK_NAMES)[number]

export interface Check {
  readonly name: CheckName
  readonly status: 'passed' | 'failed' | 'not-applicable'
  /** One line, lower case. */
  readonly reason: string
}

export interface Verdict {
  /** No check failed, and a signature by a trusted key was verified. */
  readonly ok: boolean
  /** All of CHECK_NAMES, in their order. */
  readonly checks: readonly Check[]
  /** Who signed; absent unless the signature verified. */
  readonly signer?: Signer
  /** What was signed; absent if it could not be read. Believe it only if `ok`. */
  readonly statement?: StatementSummary
  readonly differences: readonly FileDifference[]
  readonly warnings: readonly string[]
}

export interface Signer {
  /** From the trust file. */
  readonly keyName?: KeyName
  readonly keyVersion?: number
  /** Of the strongest signature that verified. */
  readonly suite: SuiteId
  /** Hex SHA-256 of the SPKI DER of the key that made it. */
  readonly fingerprint: string
  readonly certificateSubject?: string
  /** RFC 3339 in UTC; the audit log's word, present only with a verified receipt. */
  readonly signedAt?: string
}

export interface StatementSummary {
  readonly predicateType: string
  readonly modelName: string
  /** Files or shards; subjects of statements that are not about a model's files. */
  readonly resourceCount: number
}

/** Collects the outcome of each check; a check that nothing was said of was not reached. */
export class VerdictBuilder {
  readonly warnings: string[] = []
  differences: readonly FileDifference[] = []
  signer: Signer | undefined
  statement: StatementSummary | undefined
  readonly #checks = new Map<CheckName, Check>()

  /** A failure stays: later success must not hide it, a second failure is told as well. */
  add(check: Check): void {
    const before = this.#checks.get(check.name)
    if (before?.status !== 'failed') this.#checks.set(check.name, check)
    else if (check.status === 'failed') this.#checks.set(check.name, { ...before, reason: `${before.reason}; ${check.reason}` })
  }

  pass(name: CheckName, reason: string): void {
    this.add({ name, status: 'passed', reason })
  }

  fail(name: CheckName, reason: string): void {
    this.add({ name, status: 'failed', reason })
  }

  skip(name: CheckName, reason: string): void {
    this.add({ name, status: 'not-applicable', reason })
  }

  /** Says more of a check that passed. */
  extend(name: CheckName, more: string): void {
    const check = this.#checks.get(name)
    if (check?.status === 'passed') this.#checks.set(name, { ...check, reason: check.reason + more })
  }

  passed(name: CheckName): boolean {
    return this.#checks.get(name)?.status === 'passed'
  }

  finish(): Verdict {
    const failed = CHECK_NAMES.filter((name) => this.#checks.get(name)?.status === 'failed')
    const notReached = `not reached, since ${failed.join(', ')} failed`
    const checks = CHECK_NAMES.map((name) => this.#checks.get(name) ?? { name, status: 'not-applicable' as const, reason: notReached })
    const complete = this.#checks.size === CHECK_NAMES.length
    const signed = this.passed('key-trusted') && (this.passed('hybrid-signature') || this.passed('companion-signature'))
    return {
      ok: failed.length === 0 && complete && signed,
      checks,
      ...(this.signer === undefined ? {} : { signer: this.signer }),
      ...(this.statement === undefined ? {} : { statement: this.statement }),
      differences: this.differences,
      warnings: this.warnings,
    }
  }
}

export const CHECK_NAMES = [
  'bundle-format',
  'payload-match',
  'key-trusted',
  'certificate-chain',
  'companion-signature',
  'hybrid-signature',
  'key-state',
  'key-protection',
  'files',
  'audit-receipt',
  'receipt-leaf',
] as const
