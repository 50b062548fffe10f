/** Signs the challenge of an MCP registry: the time, which the daemon itself reads. What callers bring is written into the log and signed by nobody. */
import { newOperationId, spanned, toHex, toSealstoneError, utf8 } from '#core'
import { type KeyRecord, recordProtection } from '#keys'
import { fromRegistrySignature, parsePublicKey, registryAlgorithm, toRegistrySignature } from '#suites'
import { authorize, refuseAssertedDigests, useKey } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext, RegistryAnswer, RegistryRequest } from './ports.ts'
import { checkSignatures, enterSigning, holdKey, leafSignature, madeSignatures, recordFailure, sha256Hex, WrongSignature } from './signing-parts.ts'

/**
 * No statement is a time: those begin with `DSSEv1 `, this with a digit.
 * Throws KEY_UNUSABLE for a key of a suite that registries do not take, and what a signing throws.
 */
export async function signRegistryChallenge(
  context: OperationContext,
  call: CallContext,
  { key, keyVersion, domain }: RegistryRequest,
): Promise<RegistryAnswer> {
  // 1. Who is calling, and may they? Who may sign only what the daemon has hashed may not sign this.
  const { digests, rule, decision } = await spanned(call.span, 'authorize', () => authorize(context, call, 'sign', key))
  if (digests === 'daemon') await refuseAssertedDigests(context, call, key, rule)
  using use = await useKey(context, call, 'sign', { key, keyVersion, decision })
  const { record } = use
  const publicKey = parsePublicKey(record.hybrid.spki)
  const algorithm = registryAlgorithm(publicKey.suite)
  using _room = enterSigning(context, call)
  call.signal.throwIfAborted()

  // 2. The bytes to sign: RFC 3339 in UTC, whole seconds.
  const timestamp = `${context.clock.now().toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`
  const message = utf8(timestamp)
  const facts = {
    operationId: newOperationId(),
    caller: call.identity,
    operation: 'sign.registry-login',
    key: record.name,
    keyVersion: record.version,
    suite: record.hybrid.suite,
    modelName: domain,
    signedBytesDigest: `sha256:${sha256Hex(context.engine, message)}`,
  }

  // 3. The intent, durable before the key is used. A crash after it leaves an intent without outcome: recovery closes it as `unknown`.
  await spanned(call.span, 'intent', () => context.audit.append({ kind: 'intent', ...facts, ...decision }))
  try {
    // 4. One signature, and 5. the form in which it is given out, checked by a process that did not make it.
    const signature = await signed(context, record, message)

    // 6. The outcome and the checkpoint that covers it. A crash before that commit releases nothing.
    const [made] = madeSignatures(context.engine, record, { hybrid: signature })
    const { index } = await spanned(call.span, 'outcome', () =>
      context.audit.complete({
        kind: 'outcome',
        ...facts,
        signatures: [leafSignature(context.engine, made)],
        result: 'ok',
        keyProtection: recordProtection(record),
      }),
    )
    context.metrics.signed({ key: record.name, suite: record.hybrid.suite, result: 'ok' })
    return { operationId: facts.operationId, timestamp, signature, algorithm, leafIndex: index }
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    if (error instanceof WrongSignature) await holdKey(context, error)
    context.metrics.signed({ key: record.name, suite: record.hybrid.suite, result: error.code })
    await recordFailure(context, call, facts, error)
    throw error
  }
}

async function signed(context: OperationContext, record: KeyRecord, message: Uint8Array): Promise<Uint8Array> {
  const { suite } = parsePublicKey(record.hybrid.spki)
  const made = await context.keys.signWith(record, 'hybrid', message)
  const [checked] = madeSignatures(context.engine, record, { hybrid: made })
  let released: Uint8Array
  try {
    released = toRegistrySignature(suite, made)
  } catch {
    throw new WrongSignature(record, `a signature for a registry, ${toHex(made.subarray(0, 4))}…, is of no form`)
  }
  checkSignatures(context, record, message, [{ ...checked, signature: fromRegistrySignature(suite, released) }])
  return released
}
