/** The native BLAKE3 and the portable one judge each other, at the lengths where its tree grows. */
import { expect, it } from 'vitest'
import { nativeBlake3, portableBlake3 } from '../../src/hashing/hasher.ts'

it.each([0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 2049, 4097, 65_536, 262_145, 1_000_000])(
  'agrees on %i bytes, whole and in pieces',
  async (length) => {
    const [native, portable] = [await nativeBlake3(), await portableBlake3()]
    if (native === undefined) throw new Error('the native BLAKE3 does not load on this machine')
    const bytes = Buffer.from(Uint8Array.from({ length }, (_, index) => index % 251))
    const [whole, pieces, judge] = [native(), native(), portable()]
    whole.update(bytes)
    judge.update(bytes)
    for (let at = 0; at < length; at += 777) pieces.update(bytes.subarray(at, at + 777))
    const want = Buffer.from(judge.digest()).toString('hex')
    expect([whole, pieces].map((hasher) => Buffer.from(hasher.digest()).toString('hex'))).toEqual([want, want])
  },
)
