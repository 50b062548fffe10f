/** Fourth step of the verdict: the receipt's leaf is in the log, under both log keys, and it speaks of this very signature. */
import { toHex } from '#core'
import { type Engine, logSignatureVerifier } from '#suites'
import type { ChosenKeys } from './choose-keys.ts'
import { pae } from './dsse.ts'
import type { HybridBundle } from './hybrid-bundle.ts'
import { judgeInclusion } from './judge-inclusion.ts'
import type { Documents } from './read-documents.ts'
import { digestText } from './sha256.ts'
import type { Statement } from './statement-reader.ts'
import type { VerdictBuilder } from './verdict.ts'
import type { VerifyModelRequest } from './verify-request.ts'

/** The time of signing if the log proves it: RFC 3339 in UTC. */
export function checkReceipt(
  request: VerifyModelRequest,
  { bundle, hybrid, statement }: Documents,
  keys: ChosenKeys,
  verdict: VerdictBuilder,
): string | undefined {
  if (hybrid === undefined) {
    verdict.skip('audit-receipt', 'there is no model.hybrid.sig')
    verdict.skip('receipt-leaf', 'there is no model.hybrid.sig')
    return undefined
  }
  checkInclusion(request.engine, hybrid, keys, verdict)
  const fault = leafFault(hybrid, statement)
  if (fault !== undefined) verdict.fail('receipt-leaf', fault)
  else if (!verdict.passed('audit-receipt')) verdict.skip('receipt-leaf', 'the leaf names this signature, but nothing proves that it was logged')
  else verdict.pass('receipt-leaf', `the leaf names this signature, asked for by ${hybrid.leaf.caller} at ${hybrid.leaf.time}`)
  if (!verdict.passed('audit-receipt') || !verdict.passed('receipt-leaf')) return undefined
  const signedAt = hybrid.leaf.time
  if (Date.parse(signedAt) > request.now.getTime() + CLOCK_SKEW_MS)
    verdict.warnings.push(`the signature is from the future: ${signedAt}; look at the clocks`)
  if (bundle !== undefined && !namesSignature(hybrid, bundle.signature))
    verdict.warnings.push('model.sig is not the one that was made together with model.hybrid.sig')
  if (verdict.signer !== undefined) verdict.signer = { ...verdict.signer, signedAt }
  return signedAt
}

function checkInclusion(engine: Engine, { proof, receipt }: HybridBundle, { log }: ChosenKeys, verdict: VerdictBuilder): void {
  if (log === undefined) return verdict.skip('audit-receipt', 'no trust file says which audit log to believe')
  verdict.add(judgeInclusion(proof, receipt.leaf, { ...log, verifier: logSignatureVerifier(engine) }))
}

/** What the leaf says otherwise, or undefined. */
function leafFault({ leaf, bundle, keyName, keyVersion, suite, fingerprint }: HybridBundle, statement: Statement): string | undefined {
  const signature = leaf.signatures?.find(({ role }) => role === 'hybrid')
  const facts: readonly (readonly [what: string, said: string | number | undefined, is: string | number | undefined])[] = [
    ['kind', leaf.kind, 'outcome'],
    ['operation', leaf.operation, 'sign'],
    ['result', leaf.result, 'ok'],
    ['payload type', leaf.payloadType, bundle.payloadType],
    ['predicate type', leaf.predicateType, statement.predicateType],
    ['signed bytes', leaf.signedBytesDigest, digestText(pae(bundle.payloadType, bundle.payload))],
    ['signature', signature?.digest, digestText(bundle.signature)],
    ['suite of the signature', signature?.suite, suite.id],
    ['fingerprint', signature?.keyFingerprint, fingerprint],
    ['key', leaf.key, keyName],
    ['key version', leaf.keyVersion, keyVersion],
    ['suite', leaf.suite, suite.id],
    ['model name', leaf.modelName, statement.kind === 'model' ? statement.modelName : statement.subjects[0]?.name],
    ['model digest', leaf.modelDigest, subjectDigest(statement)],
  ]
  const lie = facts.find(([, said, is]) => said !== is)
  return lie && `the leaf names another ${lie[0]}: ${lie[1] ?? 'none'}, want ${lie[2] ?? 'none'}`
}

function subjectDigest(statement: Statement): string | undefined {
  if (statement.kind === 'other') return `sha256:${statement.subjects[0]?.sha256}`
  return statement.rootDigest && `sha256:${toHex(statement.rootDigest)}`
}

/**
 * Not a reason to fail: ECDSA signatures over the same bytes may be made again, and the hybrid one stands by itself. `model.sig` of a classical key
 * holds the signature of the key itself, since it has no companion.
 */
function namesSignature({ leaf, suite }: HybridBundle, signature: Uint8Array): boolean {
  const wanted = suite.kind === 'classical' ? 'hybrid' : 'companion'
  return leaf.signatures?.some(({ role, digest }) => role === wanted && digest === digestText(signature)) ?? false
}

const CLOCK_SKEW_MS = 5 * 60_000
