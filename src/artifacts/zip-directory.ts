/** Where the list of a zip file's entries is: right before its end record, which is the last thing in the file. */
import { SealstoneError } from '#core'
import type { OpenArtifact } from './open-artifact.ts'

export interface ZipDirectory {
  readonly start: number
  /** Where the end record begins. */
  readonly end: number
}

/** Programs look for the end record in ways of their own. Throws FORMAT_INVALID unless there is one answer; the 64-bit form is refused. */
export async function findDirectory(artifact: OpenArtifact): Promise<ZipDirectory> {
  const from = Math.max(0, artifact.size - END_RECORD - LONGEST_COMMENT)
  const tail = Buffer.from(await artifact.read(from, END_RECORD + LONGEST_COMMENT))
  const at = tail.lastIndexOf(END_SIGNATURE)
  if (at < 0 || at + END_RECORD > tail.length) throw invalid('it has no end record')
  const record = tail.subarray(at, at + END_RECORD)
  // APPNOTE §4.3.16.
  const disks = [record.readUInt16LE(4), record.readUInt16LE(6)]
  const counts = [record.readUInt16LE(8), record.readUInt16LE(10)]
  const [size, start] = [record.readUInt32LE(12), record.readUInt32LE(16)]
  const end = from + at
  if (disks.some((disk) => disk !== 0) || counts[0] !== counts[1]) throw invalid('it is a part of several')
  if (start + size !== end) throw invalid('its directory is not right before its end record')
  if (at + END_RECORD + record.readUInt16LE(20) !== tail.length) throw invalid('there are bytes after its end')
  return { start, end }
}

export function invalid(what: string, cause?: unknown): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', `the bundle is refused: ${what}`, {
    hint: 'have it packed anew by its author',
    ...(cause === undefined ? {} : { cause }),
  })
}

const END_SIGNATURE = Buffer.from('PK\u0005\u0006')
const END_RECORD = 22
const LONGEST_COMMENT = 65_535
