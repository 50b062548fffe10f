/** A loopback address that nobody else uses: a port on it can be given up and is still free when it is wanted again. */
import { randomInt } from 'node:crypto'

export function ownAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`
}
