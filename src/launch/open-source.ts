/** Opens a file of the model as it was listed: no link, pipe or other file that was put in its place meanwhile. */
import { closeSync, constants, openSync } from 'node:fs'
import { SealstoneError } from '#core'
import { describeChange, isOpenWithin, fileFailure, type ModelFile, stampOfOpen } from '#hashing'
import type { ViewRequest } from './view.ts'

/** A read-only descriptor. Throws MODEL_CHANGED, FILE_UNREADABLE, and GUARD_UNAVAILABLE where no more files can be open. */
export function openSource({ name, path, stamp }: ModelFile, { followLinks, within }: Pick<ViewRequest, 'followLinks' | 'within'>): number {
  let descriptor: number
  try {
    // Without O_NONBLOCK a named pipe put in the file's place would hold us for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW))
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    if (reason === 'EMFILE' || reason === 'ENFILE') throw new SealstoneError('GUARD_UNAVAILABLE', 'too many files are open already', { cause })
    throw fileFailure(name, stamp, cause)
  }
  const opened = stampOfOpen(descriptor)
  const outside = within !== undefined && !isOpenWithin(descriptor, within)
  if (opened === stamp && !outside) return descriptor
  closeSync(descriptor)
  const what = outside ? 'a link was put in its way' : describeChange(stamp, opened)
  throw new SealstoneError('MODEL_CHANGED', `${name} changed after it was listed: ${what}`)
}
