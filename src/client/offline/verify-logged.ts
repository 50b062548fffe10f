/** Whether one signature is in the audit log, by its receipt and the trust file alone: no daemon, no network, no model. */
import { SealstoneError, toSealstoneError } from '#core'
import { type Check, judgeInclusion, parseHybridBundle, trustedLog, type TrustFile, verifyModel } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { type Leaf, parseLeaf, parseTlogProof, type TlogProof } from '#tlog'
import { readLogEvidence } from './log-evidence.ts'

export interface LoggedVerdict {
  readonly ok: boolean
  readonly document: 'signature' | 'receipt'
  /** Those that were reached. */
  readonly checks: readonly Check[]
  /** What the log says; believe it only if `ok`. */
  readonly entry?: LoggedEntry
  /** The signed note that proves it; absent if it proves nothing. */
  readonly checkpoint?: string
  readonly warnings: readonly string[]
}

export interface LoggedEntry {
  readonly index: bigint
  readonly leaf: Leaf
}

/**
 * @param path of `model.hybrid.sig`, of a model with one in it, or of a receipt as `sealstone audit receipt` writes it, as text or as JSON
 * @param findLeaf asked for the leaf of a receipt that does not hold it
 * Throws FILE_UNREADABLE, INPUT_TOO_LARGE, and FORMAT_INVALID for a file that is neither.
 */
export async function verifyLogged(
  path: string,
  trust: TrustFile,
  options: { readonly now: Date; readonly findLeaf?: (proof: TlogProof) => Promise<Uint8Array> },
): Promise<LoggedVerdict> {
  const { proof: text, leaf, signature } = await readLogEvidence(path)
  if (signature !== undefined) return judgeSignature(signature, trust, options.now)
  const proof = parseTlogProof(text)
  return judgeReceipt(proof, leaf ?? (await options.findLeaf?.(proof)), trust)
}

/** The whole verdict but for the files: who signed, whether the key could, and that the leaf names this very signature. */
async function judgeSignature(hybrid: Uint8Array, trust: TrustFile, now: Date): Promise<LoggedVerdict> {
  const engine = nativeEngine()
  const verdict = await verifyModel({ engine, hybrid, trust: { kind: 'trust-file', trust }, require: 'key', statement: 'any', now })
  const reached = verdict.checks.filter(({ status, name }) => status !== 'not-applicable' && name !== 'payload-match')
  const summary = { ok: verdict.ok, document: 'signature', checks: reached, warnings: verdict.warnings } as const
  const isFormed = verdict.checks.some(({ name, status }) => name === 'bundle-format' && status === 'passed')
  if (!isFormed) return summary
  const { proof, leaf } = parseHybridBundle(hybrid)
  const isProven = reached.some(({ name, status }) => name === 'audit-receipt' && status === 'passed')
  return { ...summary, entry: { index: proof.index, leaf }, ...(isProven ? { checkpoint: proof.checkpoint } : {}) }
}

function judgeReceipt(proof: TlogProof, leafBytes: Uint8Array | undefined, trust: TrustFile): LoggedVerdict {
  if (leafBytes === undefined) {
    throw new SealstoneError('FORMAT_INVALID', `the receipt of entry ${proof.index} does not hold the entry itself`, {
      hint: 'write it again with sealstone audit receipt, or name the published log with --log',
    })
  }
  const inclusion = judgeInclusion(proof, leafBytes, trustedLog(trust, nativeEngine()))
  const { check: form, leaf } = readLeaf(leafBytes)
  return {
    ok: inclusion.status === 'passed' && form.status === 'passed',
    document: 'receipt',
    checks: [inclusion, form],
    ...(leaf === undefined ? {} : { entry: { index: proof.index, leaf } }),
    ...(inclusion.status === 'passed' ? { checkpoint: proof.checkpoint } : {}),
    warnings: [],
  }
}

function readLeaf(bytes: Uint8Array): { check: Check; leaf?: Leaf } {
  const name = 'receipt-leaf'
  try {
    const leaf = parseLeaf(bytes)
    return { check: { name, status: 'passed', reason: `the entry is one of ${leaf.caller} at ${leaf.time}` }, leaf }
  } catch (thrown) {
    return { check: { name, status: 'failed', reason: toSealstoneError(thrown).message } }
  }
}
