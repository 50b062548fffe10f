/** Verifies bundles for a caller against this daemon's own keys and log. Uses no key, changes nothing; the log tells of it. */
import { SealstoneError } from '#core'
import { type Verdict, verifyModel as judge } from '#envelopes'
import { authorize } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext, VerifyRequest } from './ports.ts'
import { composeTrust } from './trust.ts'
import type { Verifications } from './verifications.ts'

export async function verifyModel(context: OperationContext, told: Verifications, call: CallContext, request: VerifyRequest): Promise<Verdict> {
  const { decision } = await authorize(context, call, 'verify')
  if (request.bundle === undefined && request.hybrid === undefined) {
    throw new SealstoneError('INPUT_INVALID', 'neither model_sig nor model_hybrid_sig is given, want at least one')
  }
  const verdict = await judge({
    engine: context.engine,
    ...(request.bundle === undefined ? {} : { bundle: request.bundle }),
    ...(request.hybrid === undefined ? {} : { hybrid: request.hybrid }),
    ...(request.manifest === undefined ? {} : { manifest: request.manifest }),
    trust: { kind: 'trust-file', trust: composeTrust(context) },
    require: request.require,
    // Without files to compare, any statement that this daemon signed may be asked about.
    statement: request.manifest === undefined ? 'any' : 'model',
    now: context.clock.now(),
  })
  await told.record({ caller: call.identity, decision, request, verdict })
  return verdict
}
