/** The token's part of a protection statement: what it is, by its own answers. */
import type { KeyProtection } from '#core'
import { hashedSerial } from './hashed-serial.ts'
import type { KeyHostParts } from './sign-items.ts'

export function tokenFacts({ token, hashSerial }: KeyHostParts): Omit<KeyProtection, 'halves'> {
  const { info } = token
  const validations = token.validations()
  return {
    module: info.module,
    tokenModel: info.model,
    tokenSerial: hashSerial === true ? hashedSerial(info.serial) : info.serial,
    firmware: info.firmware,
    ...(validations.length === 0 ? {} : { validations }),
  }
}
