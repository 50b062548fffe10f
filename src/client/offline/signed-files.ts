/** What a signature says that a model consists of; nothing is verified. */
import { LIMITS, SealstoneError } from '#core'
import { type HashingPlan, hashingPlan } from '#envelopes'
import { readRequired } from './read-document.ts'

export type SignedFiles = Pick<HashingPlan, 'serialization' | 'resources' | 'defaultIgnores' | 'dotName'>

/** @param path of `model.sig` or `model.hybrid.sig`. Throws SIGNATURE_MISSING, JSON_INVALID, FORMAT_INVALID; INPUT_INVALID for a signature over something else than a model. */
export async function readSignedFiles(path: string): Promise<SignedFiles> {
  const plan = hashingPlan(await readRequired(path, LIMITS.bundleBytes))
  if (plan.resources.length === 0) throw new SealstoneError('INPUT_INVALID', `${path} is a signature of something else than a model`)
  return plan
}
