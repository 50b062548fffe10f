/** Verifies signatures that the caller holds, against digests that it computed: nothing but the trust is read from a disk. */
import { SealstoneError } from '#core'
import { hashingPlan, type RequiredProtection, type TrustPolicy, type Verdict, verifyModel } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { loadTrust, type TrustSource } from './trust.ts'
import { defaultRequirement } from './verify-model-files.ts'

export interface VerifyGivenOptions {
  readonly trust: TrustSource | TrustPolicy
  /** The content of `model.sig`. */
  readonly bundle?: Uint8Array
  /** The content of `model.hybrid.sig`. */
  readonly hybrid?: Uint8Array
  /** Every file of the model, or every shard, as the signature names them, hashed as the signature says. Absent: the files are not compared. */
  readonly digests?: readonly { readonly name: string; readonly digest: Uint8Array }[]
  readonly require?: 'hybrid' | 'classical'
  readonly requireProtection?: RequiredProtection
  readonly trustMemory?: string
  /** Default: the time of the call. */
  readonly now?: Date
}

/** Throws SIGNATURE_MISSING where there is no signature at all, INPUT_INVALID for a file that is named twice, and what `loadTrust` throws. */
export async function verifyGiven(options: VerifyGivenOptions): Promise<Verdict> {
  const { bundle, hybrid, digests, trustMemory } = options
  const now = options.now ?? new Date()
  const trust = await loadTrust(options.trust, { now, ...(trustMemory === undefined ? {} : { memory: trustMemory }) })
  const request = {
    engine: nativeEngine(),
    ...(bundle === undefined ? {} : { bundle }),
    ...(hybrid === undefined ? {} : { hybrid }),
    trust,
    require: options.require ?? defaultRequirement(trust),
    ...(options.requireProtection === undefined ? {} : { requireProtection: options.requireProtection }),
    now,
  }
  const signed = await verifyModel(request)
  const signature = bundle ?? hybrid
  if (digests === undefined || !signed.ok || signature === undefined) return signed
  if (new Set(digests.map(({ name }) => name)).size !== digests.length)
    throw new SealstoneError('INPUT_INVALID', 'a file is named twice in the digests')
  // By the signature's own word, since a bare digest does not say how it was made: a wrong one is a changed file.
  const { serialization } = hashingPlan(signature)
  const resources = digests.map(({ name, digest }) => ({ name, digest, algorithm: serialization.hashType, size: 0 }))
  return verifyModel({ ...request, manifest: { modelName: '', resources, serialization, totalBytes: 0 } })
}
