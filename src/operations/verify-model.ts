/** Verifies bundles for a caller against this daemon's own keys and log. Uses no key, changes nothing. */
import { SealstoneError } from '#core'
import { type Verdict, verifyModel as judge } from '#envelopes'
import { authorize } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext, VerifyRequest } from './ports.ts'
import { composeTrust } from './trust.ts'

export async function verifyModel(context: OperationContext, call: CallContext, request: VerifyRequest): Promise<Verdict> {
  await authorize(context, call, 'verify')
  if (request.bundle === undefined && request.hybrid === undefined) {
    throw new SealstoneError('INPUT_INVALID', 'neither model_sig nor model_hybrid_sig is given, want at least one')
  }
  return judge({
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
}
