/** The parts of a signing: what is signed, what the log says of it, and whether what was signed is right. */
import { newOperationId, type OperationId, SealstoneError, toHex } from '#core'
import { buildModelStatement, buildStatement, STATEMENT_PAYLOAD_TYPE } from '#envelopes'
import { rootDigest } from '#hashing'
import { type KeyRecord, QUARANTINE_HINT, type RecordSignatures } from '#keys'
import { type Engine, fingerprint, parsePublicKey, type PublicKey, verify } from '#suites'
import type { LeafSignature, NewLeaf } from '#tlog'
import { mismatch, quarantine } from './canary.ts'
import type { OperationContext } from './context.ts'
import type { CallContext, SignContent } from './ports.ts'

/** A request that has passed every check and is about to use its key. */
export interface Signing {
  readonly key: KeyRecord
  readonly statement: Statement
  readonly signedBytes: Uint8Array
  readonly answerKey: string
  readonly requestDigest: string
}

export interface Statement {
  readonly payload: Uint8Array
  readonly predicateType: string
  readonly modelName: string
  readonly modelDigest: string
  readonly resourceCount: number
}

export function buildContent(content: SignContent): Statement {
  switch (content.kind) {
    case 'manifest':
      return {
        payload: buildModelStatement(content.manifest),
        predicateType: 'https://model_signing/signature/v1.0',
        modelName: content.manifest.modelName,
        modelDigest: `sha256:${toHex(rootDigest(content.manifest.resources))}`,
        resourceCount: content.manifest.resources.length,
      }
    case 'statement': {
      const [subject] = content.subjects
      if (subject === undefined) throw new SealstoneError('INPUT_INVALID', 'statement has no subjects, want at least one')
      return {
        payload: buildStatement(content),
        predicateType: content.predicateType,
        modelName: subject.name,
        modelDigest: `sha256:${subject.sha256}`,
        resourceCount: content.subjects.length,
      }
    }
  }
}

export type SigningFacts = Omit<NewLeaf, 'kind'> & { readonly operationId: OperationId }

export function describeSigning(engine: Engine, call: CallContext, { key, statement, signedBytes }: Signing): SigningFacts {
  return {
    operationId: newOperationId(),
    caller: call.identity,
    operation: 'sign',
    key: key.name,
    keyVersion: key.version,
    suite: key.hybrid.suite,
    modelName: statement.modelName,
    modelDigest: statement.modelDigest,
    predicateType: statement.predicateType,
    payloadType: STATEMENT_PAYLOAD_TYPE,
    signedBytesDigest: `sha256:${sha256Hex(engine, signedBytes)}`,
    resourceCount: statement.resourceCount,
  }
}

export interface MadeSignature {
  readonly role: 'hybrid' | 'companion'
  readonly publicKey: PublicKey
  readonly signature: Uint8Array
}

export async function checkSignatures(
  context: OperationContext,
  key: KeyRecord,
  signedBytes: Uint8Array,
  signatures: RecordSignatures,
): Promise<readonly [MadeSignature, ...MadeSignature[]]> {
  const hybrid: MadeSignature = { role: 'hybrid', publicKey: parsePublicKey(key.hybrid.spki), signature: signatures.hybrid }
  const companion: MadeSignature | undefined =
    key.companion === undefined || signatures.companion === undefined
      ? undefined
      : { role: 'companion', publicKey: parsePublicKey(key.companion.spki), signature: signatures.companion }
  for (const made of [hybrid, companion]) {
    if (made === undefined || verify(context.engine, made.publicKey, signedBytes, made.signature)) continue
    // The token, the memory or the code is broken: nothing more is signed with this version until somebody has looked.
    const fault = `a ${made.role} signature of ${context.clock.now().toISOString()} did not verify`
    await quarantine(context, key, fault)
    throw mismatch(key, fault, QUARANTINE_HINT)
  }
  return companion === undefined ? [hybrid] : [hybrid, companion]
}

export function leafSignature(engine: Engine, role: MadeSignature['role'], key: PublicKey, signature: Uint8Array): LeafSignature {
  return { role, suite: key.suite.id, keyFingerprint: fingerprint(engine, key.spki), digest: `sha256:${sha256Hex(engine, signature)}` }
}

export function sha256Hex(engine: Engine, ...parts: Uint8Array[]): string {
  return toHex(engine.digest('sha256', ...parts))
}
