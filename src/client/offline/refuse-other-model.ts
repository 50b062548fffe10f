/** Keeps one single-file model from taking the place of another one's signature in the same folder. */
import { basename, resolve } from 'node:path'
import { LIMITS, SealstoneError } from '#core'
import { hashingPlan } from '#envelopes'
import { readDocument } from './read-document.ts'
import type { SignaturePaths } from './signature-paths.ts'

/** Throws OUTPUT_EXISTS, and what `readDocument` throws. A file that is no signature, or one of this model, may be replaced; so may everything inside a directory. */
export async function refuseOtherModel(model: string, paths: SignaturePaths, within?: string): Promise<void> {
  if (!paths.singleFile) return
  const name = basename(resolve(model))
  for (const path of [paths.classical, paths.hybrid]) {
    const names = await signedNames(path, within)
    if (names === undefined || names.includes(name) || names.includes('.')) continue
    throw new SealstoneError('OUTPUT_EXISTS', `${path} is the signature of another model`, {
      hint: 'give this model its own folder, or name other files with --signature and --hybrid-signature',
    })
  }
}

async function signedNames(path: string, within: string | undefined): Promise<readonly string[] | undefined> {
  const bytes = await readDocument(path, LIMITS.bundleBytes, within)
  try {
    return bytes && hashingPlan(bytes).names
  } catch {
    return undefined // not a signature that anybody could verify
  }
}
