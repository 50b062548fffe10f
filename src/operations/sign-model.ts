/** Signs a model manifest or another statement: the walk of a Sign request, step by step. */
import { LIMITS, newOperationId, type OperationId, SealstoneError, toHex, toSealstoneError, utf8 } from '#core'
import { buildModelStatement, buildStatement, pae, STATEMENT_PAYLOAD_TYPE, writeHybridBundle, writeOmsBundle } from '#envelopes'
import { rootDigest } from '#hashing'
import { type KeyRecord, QUARANTINE_HINT, recordProtection, type RecordSignatures } from '#keys'
import { type Engine, fingerprint, parsePublicKey, type PublicKey, verify } from '#suites'
import type { LeafSignature, NewLeaf, Receipt } from '#tlog'
import { decodeAnswer, decodeParts, encodeAnswer } from './answer.ts'
import { authorize } from './authorize.ts'
import { mismatch, quarantine } from './canary.ts'
import type { OperationContext } from './context.ts'
import type { CallContext, SignAnswer, SignContent, SignRequest } from './ports.ts'

/** One signing at a time per (caller, idempotency key): a second request with the same key waits for the first one's answer. */
export type RunningSignings = Map<string, { readonly requestDigest: string; readonly answer: Promise<SignAnswer> }>

export async function signModel(context: OperationContext, running: RunningSignings, call: CallContext, request: SignRequest): Promise<SignAnswer> {
  // 1. Who is calling, and may they? A refusal is in the log.
  await authorize(context, call, 'sign', request.key)
  const { name } = context.keys.get(request.key, request.keyVersion)

  // 2. The bytes to sign. Nothing is stored yet: a crash here leaves nothing behind.
  const statement = buildContent(request.content)
  const signedBytes = pae(STATEMENT_PAYLOAD_TYPE, statement.payload)
  const requestDigest = sha256Hex(context.engine, utf8(`${name}${request.keyVersion === undefined ? '' : `/${request.keyVersion}`}\n`), signedBytes)

  const answerKey = `${call.identity}\0${request.idempotencyKey}`
  const earlier = running.get(answerKey)
  if (earlier !== undefined) {
    refuseOtherContent(earlier.requestDigest, requestDigest)
    return { ...(await earlier.answer), replayed: true }
  }
  const stored = context.audit.findAnswer(answerKey)
  if (stored !== undefined) {
    refuseOtherContent(stored.requestDigest, requestDigest)
    return decodeAnswer(stored.answer)
  }

  if (running.size >= LIMITS.queuedSignings)
    throw new SealstoneError('OVERLOADED', `${running.size} signings wait already, at most ${LIMITS.queuedSignings}`)
  // The last look at the caller: others may wait for the same answer, so from here on it does not matter that one gave up.
  call.signal.throwIfAborted()
  const answer = signWithUsableVersion(context, call, request, { statement, signedBytes, answerKey, requestDigest })
  running.set(answerKey, { requestDigest, answer })
  try {
    return await answer
  } finally {
    running.delete(answerKey)
  }
}

interface Signing {
  readonly key: KeyRecord
  readonly statement: Statement
  readonly signedBytes: Uint8Array
  readonly answerKey: string
  readonly requestDigest: string
}

/** Holds the key version until its outcome is in the log: whoever takes it out of use waits for that. */
async function signWithUsableVersion(
  context: OperationContext,
  call: CallContext,
  { key, keyVersion }: SignRequest,
  signing: Omit<Signing, 'key'>,
): Promise<SignAnswer> {
  using use = context.keys.use(key, keyVersion)
  return await signOnce(context, call, { ...signing, key: use.record })
}

async function signOnce(context: OperationContext, call: CallContext, signing: Signing): Promise<SignAnswer> {
  const { key, statement, signedBytes } = signing
  const facts = describeSigning(context.engine, call, signing)

  // 3. The intent, durable before the key is used. A crash after it leaves an intent without outcome: recovery closes it as `unknown`.
  await context.audit.append({ kind: 'intent', ...facts })

  let released: { index: bigint; receipt: Receipt; answer?: Uint8Array }
  try {
    // 4. Both halves, and the companion, in one round trip to the key host. From here on the caller may vanish: the outcome is still written.
    const signatures = await context.keys.sign(key, signedBytes)

    // 5. Our own signatures, checked by a process that did not make them. A wrong one never leaves.
    const made = await checkSignatures(context, key, signedBytes, signatures)

    // 6. The outcome leaf, the checkpoint that covers it and the stored answer become durable together. A crash before that commit
    //    releases nothing (recovery says `unknown`); a crash after it loses only the reply, which a retry with the same idempotency key gets.
    released = await context.audit.complete(
      {
        kind: 'outcome',
        ...facts,
        signatures: made.map(({ role, publicKey, signature }) => leafSignature(context.engine, role, publicKey, signature)),
        result: 'ok',
        keyProtection: recordProtection(key),
      },
      {
        key: signing.answerKey,
        requestDigest: signing.requestDigest,
        build: (receipt) => {
          const [main, ...companions] = made
          // A classical key needs no companion: its own signature is what other tools verify.
          const forOthers = main.publicKey.suite.kind === 'classical' ? main : companions[0]
          const hybridSig = writeHybridBundle({
            payload: statement.payload,
            signature: main.signature,
            key: main.publicKey,
            keyName: key.name,
            keyVersion: key.version,
            receipt,
            protection: recordProtection(key),
          })
          const modelSig = forOthers && writeOmsBundle({ payload: statement.payload, signature: forOthers.signature, key: forOthers.publicKey })
          return encodeAnswer({ operationId: facts.operationId, hybridSig, modelSig })
        },
      },
    )
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    await recordFailure(context, facts, error)
    throw error
  }

  // 7. The answer, read back from what was stored, so that a replay is the same to the byte.
  if (released.answer === undefined) throw new SealstoneError('INTERNAL', 'the audit log stored no answer')
  const { operationId, hybridSig, modelSig } = decodeParts(released.answer)
  const { receipt, index } = released
  return { operationId, hybridSig, ...(modelSig === undefined ? {} : { modelSig }), receipt, leafIndex: index, replayed: false }
}

interface Statement {
  readonly payload: Uint8Array
  readonly predicateType: string
  readonly modelName: string
  readonly modelDigest: string
  readonly resourceCount: number
}

function buildContent(content: SignContent): Statement {
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

type SigningFacts = Omit<NewLeaf, 'kind'> & { readonly operationId: OperationId }

function describeSigning(engine: Engine, call: CallContext, { key, statement, signedBytes }: Signing): SigningFacts {
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

interface MadeSignature {
  readonly role: 'hybrid' | 'companion'
  readonly publicKey: PublicKey
  readonly signature: Uint8Array
}

async function checkSignatures(
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

function leafSignature(engine: Engine, role: MadeSignature['role'], key: PublicKey, signature: Uint8Array): LeafSignature {
  return { role, suite: key.suite.id, keyFingerprint: fingerprint(engine, key.spki), digest: `sha256:${sha256Hex(engine, signature)}` }
}

/** If even this cannot be written the intent stays open, and the next start closes it. */
async function recordFailure(context: OperationContext, facts: SigningFacts, error: SealstoneError): Promise<void> {
  try {
    await context.audit.append({ kind: 'outcome', ...facts, result: 'error', errorCode: error.code })
  } catch (cause) {
    context.logger.error({ operationId: facts.operationId, error: String(cause) }, 'the outcome of a failed signing could not be logged')
  }
}

function refuseOtherContent(earlier: string, now: string): void {
  if (earlier !== now) throw new SealstoneError('IDEMPOTENCY_CONFLICT')
}

function sha256Hex(engine: Engine, ...parts: Uint8Array[]): string {
  return toHex(engine.digest('sha256', ...parts))
}
