/** Verifies a signed statement that is of no model: only with a good verdict is anything of it handed out. */
import { LIMITS, SealstoneError } from '#core'
import {
  type OtherStatement,
  parseHybridBundle,
  parseStatement,
  type RequiredProtection,
  type TrustPolicy,
  type Verdict,
  verifyModel,
} from '#envelopes'
import { nativeEngine } from '#suites/native'
import { readDocument } from './read-document.ts'
import { loadTrust, type TrustSource } from './trust.ts'

export interface VerifyStatementOptions {
  /** Of the in-toto statement. Another one is a bad verdict. */
  readonly predicateType: string
  /** Files to read it from, or what was read before. */
  readonly trust: TrustSource | TrustPolicy
  /** Default `hybrid`: a quantum-safe key must have signed. `classical`: any trusted key. */
  readonly require?: 'hybrid' | 'classical'
  /** How the key must be guarded, by the statement in the receipt. Default: in any way. */
  readonly requireProtection?: RequiredProtection
  /** Folder that remembers which trust files were used, so that an older one is refused; without it nothing is remembered. */
  readonly trustMemory?: string
  /** Default: the time of the call. */
  readonly now?: Date
}

export interface StatementVerdict {
  readonly verdict: Verdict
  /** There if and only if the verdict is good. */
  readonly statement?: OtherStatement
}

/**
 * @param path of a file such as `model.hybrid.sig`, over any statement
 * Throws SIGNATURE_MISSING where there is no such file, and what reading it and `loadTrust` throw.
 */
export async function verifyStatementFile(path: string, options: VerifyStatementOptions): Promise<StatementVerdict> {
  const bytes = await readDocument(path, LIMITS.bundleBytes)
  if (bytes === undefined)
    throw new SealstoneError('SIGNATURE_MISSING', `there is no signature at ${path}`, { hint: 'check the path, or have it signed first' })
  return verifyStatement(bytes, options)
}

/** @param hybrid the content of such a file. Throws what `loadTrust` throws; a bad signature is an answer. */
export async function verifyStatement(hybrid: Uint8Array, options: VerifyStatementOptions): Promise<StatementVerdict> {
  const { predicateType, require = 'hybrid', requireProtection, trustMemory } = options
  const now = options.now ?? new Date()
  const verdict = await verifyModel({
    engine: nativeEngine(),
    hybrid,
    trust: await loadTrust(options.trust, { now, ...(trustMemory === undefined ? {} : { memory: trustMemory }) }),
    require,
    ...(requireProtection === undefined ? {} : { requireProtection }),
    statement: { predicateType },
    now,
  })
  return verdict.ok ? { verdict, statement: readUnverifiedStatement(hybrid) } : { verdict }
}

/** What such a file says, for those who only want to look. Throws FORMAT_INVALID for a statement of a model, and what reading the file throws. */
export function readUnverifiedStatement(hybrid: Uint8Array): OtherStatement {
  const statement = parseStatement(parseHybridBundle(hybrid).bundle.payload)
  if (statement.kind !== 'other') throw new SealstoneError('FORMAT_INVALID', 'the signature is over a model, want another statement')
  return statement
}
