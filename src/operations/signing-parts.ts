/** The parts of a signing: what is signed, what the log says of it, and whether what was signed is right. */
import { newOperationId, type OperationId, SealstoneError, toHex, traceFields } from '#core'
import { buildModelStatement, buildStatement, STATEMENT_PAYLOAD_TYPE } from '#envelopes'
import { rootDigest } from '#hashing'
import { describeVersion, type KeyRecord, quarantineHint, type RecordSignatures } from '#keys'
import { type Engine, fingerprint as fingerprintOf, parsePublicKey, type PublicKey, verify } from '#suites'
import type { LeafSignature, NewLeaf } from '#tlog'
import type { PolicyDecision } from './authorize.ts'
import { quarantine } from './canary.ts'
import type { OperationContext } from './context.ts'
import type { DigestOrigin } from './digest-origin.ts'
import type { CallContext, SignContent } from './ports.ts'

/** A request that has passed every check and is about to use its key. */
export interface Signing {
  readonly key: KeyRecord
  readonly statement: Statement
  readonly signedBytes: Uint8Array
  readonly answerKey: string
  readonly requestDigest: string
  readonly origin: DigestOrigin
  readonly decision: PolicyDecision
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
    case 'manifest': {
      const root = rootDigest(content.manifest.resources)
      return {
        payload: buildModelStatement(content.manifest, root),
        predicateType: 'https://model_signing/signature/v1.0',
        modelName: content.manifest.modelName,
        modelDigest: `sha256:${toHex(root)}`,
        resourceCount: content.manifest.resources.length,
      }
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

export function describeSigning(engine: Engine, call: CallContext, { key, statement, signedBytes, origin }: Signing): SigningFacts {
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
    ...origin,
  }
}

/** A place among the signings under way; dispose of it when this one is over. Throws OVERLOADED. */
export function enterSigning({ capacity, metrics }: OperationContext, { identity }: CallContext): Disposable {
  try {
    return capacity.enter(identity)
  } catch (error) {
    metrics.refused({ reason: 'overloaded' })
    throw error
  }
}

/** If even this cannot be written, the log writes it when it can; in a daemon that ends before that, the next start closes the intent. */
export async function recordFailure(
  context: OperationContext,
  call: CallContext,
  facts: Omit<NewLeaf, 'kind'>,
  error: SealstoneError,
): Promise<void> {
  try {
    await context.audit.append({ kind: 'outcome', ...facts, result: 'error', errorCode: error.code })
  } catch (cause) {
    context.logger.error(
      { operationId: facts.operationId, error: String(cause), ...traceFields(call.span) },
      'the outcome of a failed signing could not be logged',
    )
  }
}

export interface MadeSignature {
  readonly role: 'hybrid' | 'companion'
  readonly publicKey: PublicKey
  /** Hex SHA-256 of its SPKI. */
  readonly fingerprint: string
  readonly signature: Uint8Array
}

export function madeSignatures(
  engine: Engine,
  { hybrid, companion }: KeyRecord,
  signatures: RecordSignatures,
): readonly [MadeSignature, ...MadeSignature[]] {
  const main: MadeSignature = { role: 'hybrid', ...publicPart(engine, hybrid), signature: signatures.hybrid }
  if (companion === undefined || signatures.companion === undefined) return [main]
  return [main, { role: 'companion', ...publicPart(engine, companion), signature: signatures.companion }]
}

/** Throws SIGNATURE_MISMATCH, by which `holdKey` knows what to do. */
export function checkSignatures(
  { engine, clock, metrics }: OperationContext,
  key: KeyRecord,
  signedBytes: Uint8Array,
  made: readonly MadeSignature[],
): void {
  const started = clock.monotonicMs()
  for (const { role, publicKey, signature } of made) {
    if (verify(engine, publicKey, signedBytes, signature)) continue
    metrics.mismatch({ key: key.name })
    throw new WrongSignature(key, `a ${role} signature of ${clock.now().toISOString()} did not verify`)
  }
  metrics.took('verify', (clock.monotonicMs() - started) / 1000)
}

/** The token, the memory or the code is broken: nothing more is signed with this version until somebody has looked. */
export async function holdKey(context: OperationContext, { key, fault }: WrongSignature): Promise<void> {
  await quarantine(context, key, fault)
}

export class WrongSignature extends SealstoneError {
  readonly key: KeyRecord
  readonly fault: string

  constructor(key: KeyRecord, fault: string) {
    super('SIGNATURE_MISMATCH', `${describeVersion(key)}: ${fault} and was not released; the version is in quarantine`, { hint: quarantineHint(key) })
    this.key = key
    this.fault = fault
  }
}

export function leafSignature(engine: Engine, { role, publicKey, fingerprint, signature }: MadeSignature): LeafSignature {
  return { role, suite: publicKey.suite.id, keyFingerprint: fingerprint, digest: `sha256:${sha256Hex(engine, signature)}` }
}

// A record's key is the same object for its life.
const publicParts = new WeakMap<KeyRecord['hybrid'], Pick<MadeSignature, 'publicKey' | 'fingerprint'>>()

function publicPart(engine: Engine, material: KeyRecord['hybrid']): Pick<MadeSignature, 'publicKey' | 'fingerprint'> {
  const known = publicParts.get(material)
  if (known !== undefined) return known
  const part = { publicKey: parsePublicKey(material.spki), fingerprint: fingerprintOf(engine, material.spki) }
  publicParts.set(material, part)
  return part
}

export function sha256Hex(engine: Engine, ...parts: Uint8Array[]): string {
  return toHex(engine.digest('sha256', ...parts))
}
