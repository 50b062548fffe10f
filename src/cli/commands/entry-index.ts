/** Reads the number of a log entry. */
import { excerpt, SealstoneError } from '#core'

export function parseIndex(text = ''): bigint {
  // RFC 9162: a log holds fewer than 2^64 entries.
  if (!/^[0-9]{1,20}$/.test(text) || BigInt(text) >= 1n << 64n)
    throw new SealstoneError('USAGE', `index is ${excerpt(text)}, want a whole number from 0`)
  return BigInt(text)
}
