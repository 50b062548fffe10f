/** Signs a model manifest or another statement: the walk of a Sign request, step by step. */
import { defined, LIMITS, SealstoneError, type Span, spanned, toSealstoneError, utf8 } from '#core'
import { pae, STATEMENT_PAYLOAD_TYPE, writeHybridBundle, writeOmsBundle } from '#envelopes'
import { recordProtection } from '#keys'
import type { Receipt } from '#tlog'
import { decodeAnswer, decodeParts, encodeAnswer } from './answer.ts'
import { authorize, refuseAssertedDigests, useKey } from './authorize.ts'
import type { OperationContext } from './context.ts'
import { cosignedAnswer } from './cosigned.ts'
import { digestOrigin } from './digest-origin.ts'
import type { CallContext, SignAnswer, SignRequest } from './ports.ts'
import {
  buildContent,
  checkSignatures,
  describeSigning,
  enterSigning,
  holdKey,
  leafSignature,
  madeSignatures,
  recordFailure,
  sha256Hex,
  type Signing,
  WrongSignature,
} from './signing-parts.ts'
import { ALONE, type SigningPath } from './signing-path.ts'

/** One signing at a time per (caller, idempotency key): a second request with the same key waits for the first one's answer. */
export type RunningSignings = Map<string, { readonly requestDigest: string; readonly answer: Promise<SignAnswer> }>

/** @param path of one in a batch; it is left before the answer or the error is there */
export async function signModel(
  context: OperationContext,
  running: RunningSignings,
  call: CallContext,
  request: SignRequest,
  path: SigningPath = ALONE,
): Promise<SignAnswer> {
  let answer: SignAnswer
  try {
    answer = await signOrReplay(context, running, call, request, path)
  } finally {
    path.leave()
  }
  // 8. The witnesses, for as long as the configuration allows. The key is free again and nothing waits for this but its caller.
  return cosignedAnswer(context, answer)
}

async function signOrReplay(
  context: OperationContext,
  running: RunningSignings,
  call: CallContext,
  request: SignRequest,
  path: SigningPath,
): Promise<SignAnswer> {
  // 1. Who is calling, and may they? A refusal is in the log.
  const { digests: wanted, rule, decision } = await spanned(call.span, 'authorize', () => authorize(context, call, 'sign', request.key))
  const { name } = context.keys.get(request.key, request.keyVersion)

  // 2. The bytes to sign. Nothing is stored yet: a crash here leaves nothing behind.
  const statement = spanned(call.span, 'build-statement', () => buildContent(request.content))
  const signedBytes = pae(STATEMENT_PAYLOAD_TYPE, statement.payload)
  const requestDigest = sha256Hex(context.engine, utf8(`${name}${request.keyVersion === undefined ? '' : `/${request.keyVersion}`}\n`), signedBytes)

  const answerKey = `${call.identity}\0${request.idempotencyKey}`
  const earlier = running.get(answerKey)
  if (earlier !== undefined) {
    refuseOtherContent(earlier.requestDigest, requestDigest)
    path.leave() // the one that it waits for may be in the same batch
    call.span.set({ 'sealstone.replayed': true })
    return { ...(await earlier.answer), replayed: true }
  }
  const stored = context.audit.findAnswer(answerKey)
  if (stored !== undefined) {
    refuseOtherContent(stored.requestDigest, requestDigest)
    call.span.set({ 'sealstone.replayed': true })
    return decodeAnswer(stored.answer)
  }

  // Only now: a retry gets its answer also when its tickets have expired meanwhile.
  const origin = digestOrigin(context, call.identity, request)
  if (wanted === 'daemon' && origin.digestSource !== 'daemon') await refuseAssertedDigests(context, call, request.key, rule)

  if (running.size >= LIMITS.queuedSignings)
    throw new SealstoneError('OVERLOADED', `${running.size} signings wait already, at most ${LIMITS.queuedSignings}`)
  using _room = enterSigning(context, call)
  // The last look at the caller: others may wait for the same answer, so from here on it does not matter that one gave up.
  call.signal.throwIfAborted()
  const answer = signWithUsableVersion(context, call, request, { statement, signedBytes, answerKey, requestDigest, origin, decision }, path)
  running.set(answerKey, { requestDigest, answer })
  try {
    return await answer
  } finally {
    running.delete(answerKey)
  }
}

/** Holds the key version until its outcome is in the log: whoever takes it out of use waits for that. */
async function signWithUsableVersion(
  context: OperationContext,
  call: CallContext,
  { key, keyVersion }: SignRequest,
  signing: Omit<Signing, 'key'>,
  path: SigningPath,
): Promise<SignAnswer> {
  using use = await useKey(context, call, 'sign', { key, keyVersion, decision: signing.decision })
  return await signOnce(context, call, { ...signing, key: use.record }, path)
}

async function signOnce(context: OperationContext, call: CallContext, signing: Signing, path: SigningPath): Promise<SignAnswer> {
  const { key, statement, signedBytes } = signing
  const facts = describeSigning(context.engine, call, signing)
  const started = context.clock.monotonicMs()
  call.span.set({
    'sealstone.operation.id': facts.operationId,
    'sealstone.key.name': key.name,
    'sealstone.key.version': key.version,
    'sealstone.suite': key.hybrid.suite,
  })

  // 3. The intent, durable before the key is used. A crash after it leaves an intent without outcome: recovery closes it as `unknown`.
  try {
    await spanned(call.span, 'intent', () => context.audit.append({ kind: 'intent', ...facts, ...signing.decision }))
  } catch (error) {
    context.metrics.refused({ reason: 'log' })
    throw error
  }

  let released: { index: bigint; receipt: Receipt; answer?: Uint8Array }
  try {
    // 4. Both halves, and the companion, in one round trip to the key host. From here on the caller may vanish: the outcome is still written.
    const began = context.clock.monotonicMs()
    const options = { caller: call.identity, ...defined({ priority: path === ALONE ? undefined : ('batch' as const) }) }
    const signatures = await spanned(call.span, 'key-host', () => path.sign(context.keys, key, signedBytes, options))

    context.metrics.took('key-host', (context.clock.monotonicMs() - began) / 1000)
    const made = madeSignatures(context.engine, key, signatures)

    // 5. Our own signatures, checked by a process that did not make them: at once while the key host signs for others, else while it signs
    //    the checkpoint. A wrong one never leaves: the log drops the leaf that speaks of it before anything is stored.
    const check = (span: Span): void => spanned(span, 'verify', () => checkSignatures(context, key, signedBytes, made))
    const isAlone = context.capacity.running === 1
    if (!isAlone) check(call.span)
    await path.ready()

    // 6. The outcome leaf, the checkpoint that covers it and the stored answer become durable together. A crash before that commit
    //    releases nothing (recovery says `unknown`); a crash after it loses only the reply, which a retry with the same idempotency key gets.
    released = await spanned(call.span, 'outcome', (outcome) =>
      context.audit.complete(
        {
          kind: 'outcome',
          ...facts,
          signatures: made.map((one) => leafSignature(context.engine, one)),
          result: 'ok',
          keyProtection: recordProtection(key),
        },
        {
          key: signing.answerKey,
          requestDigest: signing.requestDigest,
          ...(isAlone ? { check: () => check(outcome) } : {}),
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
      ),
    )
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    if (error instanceof WrongSignature) await holdKey(context, error)
    context.metrics.signed({ key: key.name, suite: key.hybrid.suite, result: error.code })
    await recordFailure(context, call, facts, error)
    throw error
  }

  context.metrics.signed({ key: key.name, suite: key.hybrid.suite, result: 'ok' })
  context.metrics.took('sign', (context.clock.monotonicMs() - started) / 1000)

  // 7. The answer, read back from what was stored, so that a replay is the same to the byte.
  if (released.answer === undefined) throw new SealstoneError('INTERNAL', 'the audit log stored no answer')
  const { operationId, hybridSig, modelSig } = decodeParts(released.answer)
  const { receipt, index } = released
  call.span.set({ 'sealstone.leaf.index': Number(index) })
  return { operationId, hybridSig, ...(modelSig === undefined ? {} : { modelSig }), receipt, leafIndex: index, replayed: false }
}

function refuseOtherContent(earlier: string, now: string): void {
  if (earlier !== now) throw new SealstoneError('IDEMPOTENCY_CONFLICT')
}
