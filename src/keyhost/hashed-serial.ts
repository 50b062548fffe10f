/** A token's serial for those who know it already. */
import { createHash } from 'node:crypto'

/**
 * `sha256:` and the SHA-256, hex, of `sealstone token serial v1`, a line feed and the serial. It keeps the number out of receipts; who can guess
 * serials can test a guess.
 */
export function hashedSerial(serial: string): string {
  return `sha256:${createHash('sha256').update(`sealstone token serial v1\n${serial}`).digest('hex')}`
}
