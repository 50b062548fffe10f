/** What the guard of one server tells the audit log: how comparisons end, each end once, and the calls that were not approved. */
import { excerpt } from '#core'
import type { Approval, Block, Mode, Report } from './approval.ts'
import type { Verdict } from './offer-watch.ts'

export class GuardReports {
  readonly #mode: Mode
  readonly #approval: Approval | undefined
  readonly #report: Report
  #reported = ''

  constructor({ mode, approval, report }: { readonly mode: Mode; readonly approval: Approval | undefined; readonly report: Report }) {
    this.#mode = mode
    this.#approval = approval
    this.#report = report
  }

  /** @param digest of what the server offers, where there is one */
  verdict(verdict: Verdict, digest: string | undefined): void {
    if (verdict.kind === 'blocked') return this.block(verdict.block, digest)
    this.#once({ operation: 'mcp.connect', decision: 'allowed', subject: this.#subject(), ...(digest === undefined ? {} : { digest }) })
  }

  block({ reason }: Block, digest: string | undefined): void {
    const decision = this.#mode === 'warn' ? 'warned' : 'blocked'
    this.#once({ operation: 'mcp.connect', decision, subject: this.#subject(), reason, ...(digest === undefined ? {} : { digest }) })
  }

  call(decision: 'blocked' | 'warned', tool: string | undefined, reason: string): void {
    this.#report({ operation: 'mcp.call', decision, subject: this.#subject(tool), reason })
  }

  /** A check that comes to the same end again is no news. */
  #once(decision: Parameters<Report>[0]): void {
    const text = JSON.stringify(decision)
    if (text === this.#reported) return
    this.#reported = text
    this.#report(decision)
  }

  /** By the name that was approved: what the server calls itself now is in the reason. */
  #subject(tool?: string): string {
    const name = this.#approval?.offer.server['name']
    return `mcp server ${excerpt(typeof name === 'string' ? name : '')}${tool === undefined ? '' : `, tool ${excerpt(tool)}`}`
  }
}
