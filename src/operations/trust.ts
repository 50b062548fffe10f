/** The trust file: every key with its versions and policies, and the log's own verifier keys; issued anew when something changes, or by its age. */
import { defined, equalBytes, newOperationId, parseIdentity, SealstoneError, toSealstoneError } from '#core'
import { parseTrustFile, type TrustFile, trustSignedBytes, writeTrustFile } from '#envelopes'
import type { KeyRecord } from '#keys'
import type { OperationContext } from './context.ts'

/** What the daemon itself judges by: the same, unsigned, and as of now. */
export function composeTrust({ keys, log, clock, trustDays }: Pick<OperationContext, 'keys' | 'log' | 'clock' | 'trustDays'>, serial = 1): TrustFile {
  const now = clock.now()
  const records = keys.list()
  return {
    version: 2,
    serial,
    issuedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + trustDays * DAY_MS).toISOString(),
    log,
    keys: records.map(trustedKey),
    policies: [...new Set(records.map(({ name }) => name))].map((name) => ({ name, ...keys.policy(name) })),
  }
}

/** Issues one trust file at a time, each with a higher number than the last. */
export class TrustIssuer {
  readonly #context: OperationContext
  #last: Promise<unknown> = Promise.resolve()

  constructor(context: OperationContext) {
    this.#context = context
  }

  /** The newest one; a new one if anything changed since, or if half of its time is over. Throws AUDIT_UNAVAILABLE or TOKEN_*. */
  current(): Promise<Uint8Array> {
    const next = this.#last.then(() => this.#issueIfNeeded())
    this.#last = next.catch(() => {})
    return next
  }

  /** A new one whose number leaves `skipped` numbers out: verifiers may have seen some of them. */
  renumber(skipped: number): Promise<Uint8Array> {
    const next = this.#last.then(() => this.#issue(composeTrust(this.#context, (this.#context.keys.trust()?.serial ?? 0) + skipped + 1)))
    this.#last = next.catch(() => {})
    return next
  }

  async #issueIfNeeded(): Promise<Uint8Array> {
    const { keys, engine, clock } = this.#context
    const stored = keys.trust()
    const fresh = composeTrust(this.#context, (stored?.serial ?? 0) + 1)
    if (stored !== undefined) {
      const last = parseTrustFile(stored.document, engine)
      const isYoung = clock.now().getTime() < (Date.parse(last.issuedAt) + Date.parse(last.expiresAt)) / 2
      if (isYoung && equalBytes(factBytes(last), factBytes(fresh))) return stored.document
    }
    return this.#issue(fresh)
  }

  /** The log keys' use is in the log before and after, as that of any key. */
  async #issue(trust: TrustFile): Promise<Uint8Array> {
    const { keys, audit, engine } = this.#context
    const facts = { operationId: newOperationId(), caller: parseIdentity('local'), operation: 'trust.issue', reason: `number ${trust.serial}` }
    await audit.append({ kind: 'intent', ...facts })
    let document: Uint8Array
    try {
      const [ed25519, mlDsa44] = await keys.signWithLogKeys(trustSignedBytes(trust))
      document = writeTrustFile(trust, { ed25519, 'ml-dsa-44': mlDsa44 })
      // A file that nobody could use is never handed out, nor does it take up a number.
      parseTrustFile(document, engine)
    } catch (thrown) {
      const error = toSealstoneError(thrown)
      const refusal = error.code === 'TRUST_INVALID' ? new SealstoneError('SIGNATURE_MISMATCH', error.message, { cause: error }) : error
      await audit.append({ kind: 'outcome', ...facts, result: 'error', errorCode: refusal.code })
      throw refusal
    }
    // A crash before this line: the number is used again. After it: the next start writes the file.
    keys.setTrust(trust.serial, document)
    await audit.append({ kind: 'outcome', ...facts, result: 'ok' })
    this.#context.publishTrust(document)
    return document
  }
}

/** What a trust file says, apart from when and how often: two with the same facts need no new issue. */
function factBytes(trust: TrustFile): Uint8Array {
  return trustSignedBytes({ ...trust, serial: 1, issuedAt: '', expiresAt: '' })
}

function trustedKey(record: KeyRecord): TrustFile['keys'][number] {
  const { name, version, hybrid, companion, state, times, origin, notBefore, notAfter, reason } = record
  return {
    name,
    version,
    suite: hybrid.suite,
    spki: hybrid.spki,
    ...(companion === undefined ? {} : { companion: { suite: companion.suite, spki: companion.spki } }),
    state,
    times,
    origin,
    ...defined({ notBefore: notBefore?.toISOString(), notAfter: notAfter?.toISOString(), reason }),
  }
}

const DAY_MS = 86_400_000
