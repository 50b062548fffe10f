/** Tells the log which signatures the daemon verified for whom: failures and a sample one by one, all the rest counted. */
import { newOperationId, toHex, toSealstoneError } from '#core'
import { pae, parseBundle, parseHybridBundle, parseStatement, type Statement, type Verdict } from '#envelopes'
import { type LeafSignature, type LeafVerifications, MAX_VERIFICATIONS, type NewLeaf } from '#tlog'
import type { PolicyDecision } from './authorize.ts'
import type { OperationContext } from './context.ts'
import { EventBudget } from './event-budget.ts'
import type { VerifyRequest } from './ports.ts'
import { CALLER } from './recorded.ts'
import { sha256Hex } from './signing-parts.ts'

export interface Verification {
  readonly caller: NewLeaf['caller']
  readonly decision: PolicyDecision
  readonly request: VerifyRequest
  readonly verdict: Verdict
}

type Row = { -readonly [Member in keyof LeafVerifications]: LeafVerifications[Member] }

export class Verifications {
  readonly #context: OperationContext
  readonly #budget: EventBudget
  /** Since the last summary, by caller, key and result. */
  readonly #rows = new Map<string, Row>()
  #count = 0

  constructor(context: OperationContext) {
    this.#context = context
    this.#budget = new EventBudget(context.clock)
  }

  /**
   * A failure is in the log when this resolves, or counted; nothing else waits for the log. A crash loses what was counted since the last
   * summary. Never throws: who asks whether a signature is good gets the answer also while the log cannot be written.
   */
  async record(verification: Verification): Promise<void> {
    const { caller, verdict } = verification
    const isTold = !verdict.ok || Math.random() < this.#context.verifySample
    if (!isTold || !this.#budget.take(`${caller} ${verdict.ok}`)) return this.#add(rowOf(verification))
    const told = this.#append(leafOf(this.#context, verification)).then((written) => {
      if (!written) this.#add(rowOf(verification))
    })
    if (!verdict.ok) await told
  }

  /** One leaf for all that was counted; none if nothing was. Never throws. */
  async flush(): Promise<void> {
    if (this.#count === 0) return
    const rows = [...this.#rows.values()].sort(
      (left, right) => Number(right.result === 'error') - Number(left.result === 'error') || right.count - left.count,
    )
    const count = this.#count
    this.#rows.clear()
    this.#count = 0
    const operationId = newOperationId()
    const leaf: NewLeaf = {
      kind: 'verify-summary',
      operationId,
      caller: CALLER,
      operation: 'verify',
      count,
      verifications: rows.slice(0, MAX_VERIFICATIONS),
    }
    if (await this.#append(leaf)) return
    for (const row of rows) this.#add(row)
    this.#count += count - rows.reduce((sum, row) => sum + row.count, 0)
  }

  #add(row: LeafVerifications): void {
    this.#count += row.count
    const name = `${row.caller}\0${row.key}\0${row.result}`
    const known = this.#rows.get(name)
    if (known !== undefined) known.count += row.count
    else if (this.#rows.size < MOST_ROWS || (row.result === 'error' && this.#forgetGood())) this.#rows.set(name, { ...row })
  }

  /** One that is good gives way to one that is not: it stays in the number of all. */
  #forgetGood(): boolean {
    for (const [name, { result }] of this.#rows) if (result === 'ok') return this.#rows.delete(name)
    return false
  }

  async #append(leaf: NewLeaf): Promise<boolean> {
    try {
      await this.#context.audit.append(leaf)
      return true
    } catch (error) {
      this.#context.logger.error({ kind: leaf.kind, error: toSealstoneError(error).message }, 'a verification could not be logged and is told later')
      return false
    }
  }
}

function rowOf({ caller, verdict }: Verification): LeafVerifications {
  const key = verdict.signer?.keyName
  return { caller, ...(key === undefined ? {} : { key }), result: verdict.ok ? 'ok' : 'error', count: 1 }
}

function leafOf(context: OperationContext, { caller, decision, request, verdict }: Verification): NewLeaf {
  const failed = verdict.checks.filter(({ status }) => status === 'failed').map(({ name }) => name)
  return {
    kind: 'verify',
    operationId: newOperationId(),
    caller,
    operation: 'verify',
    ...signedFacts(context, request, verdict),
    ...decision,
    ...(verdict.ok ? { result: 'ok' } : { result: 'error', errorCode: 'VERIFICATION_FAILED', reason: failed.join(', ') }),
  }
}

/** What the signature is of and by whom. A name is taken only from what a trusted key has signed: until then it is whatever the caller wrote. */
function signedFacts({ engine }: OperationContext, { bundle, hybrid }: VerifyRequest, { signer }: Verdict): Partial<NewLeaf> {
  try {
    const main = hybrid && parseHybridBundle(hybrid)
    const { payload, payloadType, signature } = main?.bundle ?? parseBundle(bundle ?? new Uint8Array())
    const signedBytesDigest = `sha256:${sha256Hex(engine, pae(payloadType, payload))}`
    if (signer === undefined) return { signedBytesDigest }
    const role = main?.fingerprint === signer.fingerprint ? 'hybrid' : 'companion'
    const signed = role === 'companion' && bundle !== undefined ? parseBundle(bundle).signature : signature
    const one: LeafSignature = { role, suite: signer.suite, keyFingerprint: signer.fingerprint, digest: `sha256:${sha256Hex(engine, signed)}` }
    const { keyName: key, keyVersion } = signer
    return {
      signedBytesDigest,
      signatures: [one],
      ...modelFacts(parseStatement(payload)),
      ...(key === undefined ? {} : { key }),
      ...(keyVersion === undefined ? {} : { keyVersion }),
    }
  } catch {
    return {} // not of any form: the verdict says so
  }
}

function modelFacts(statement: Statement): Partial<NewLeaf> {
  const { predicateType } = statement
  if (statement.kind === 'other') {
    const [subject] = statement.subjects
    return {
      predicateType,
      resourceCount: statement.subjects.length,
      ...(subject && { modelName: subject.name, modelDigest: `sha256:${subject.sha256}` }),
    }
  }
  const { modelName, rootDigest, resources } = statement
  return { predicateType, modelName, resourceCount: resources.length, ...(rootDigest && { modelDigest: `sha256:${toHex(rootDigest)}` }) }
}

/** Rows that are kept apart until the summary. */
const MOST_ROWS = 256
