/** Turns a blank slot into a token: C_InitToken, then the user's PIN. Used once, by `sealstone init`. */
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { tokenError } from './cryptoki-errors.ts'
import { blankSlots, findToken, loadModule, type TokenInfo } from './cryptoki-module.ts'

export interface ProvisionOptions {
  readonly modulePath: string
  /** At most 32 bytes. */
  readonly label: string
  readonly soPin: string
  readonly userPin: string
}

/** The token is complete only when this returns: a crash in between leaves one without a user PIN, which no login accepts. */
export function initialiseToken({ modulePath, label, soPin, userPin }: ProvisionOptions): TokenInfo {
  if (!/^[\x21-\x7e]{1,32}$/.test(label))
    throw new SealstoneError('INPUT_INVALID', `token label is ${JSON.stringify(label)}, want 1–32 printable ASCII characters`)
  const cryptoki = loadModule(modulePath)
  const [slot] = blankSlots(cryptoki)
  if (slot === undefined) throw new SealstoneError('TOKEN_MISSING', 'the module has no slot with a blank token')
  try {
    cryptoki.C_InitToken(slot, soPin, label.padEnd(32)) // PKCS#11 2.40 §5.5: 32 bytes, padded with blanks, no terminator
    const found = findToken(cryptoki, modulePath, { label }) // the slot id has changed
    const session = cryptoki.C_OpenSession(found.slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
    cryptoki.C_Login(session, pkcs11js.CKU_SO, soPin)
    cryptoki.C_InitPIN(session, userPin)
    cryptoki.C_Logout(session)
    cryptoki.C_CloseSession(session)
    return found.info
  } catch (cause) {
    throw tokenError(cause, 'initialise the token')
  }
}
