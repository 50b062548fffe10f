/** Logs in as the user: once, with a PIN that was not refused before, and not at all when the token's own counter says stop. */
import pkcs11js from 'pkcs11js'
import { type Logger, SealstoneError } from '#core'
import { faultClass, returnValue, tokenError } from './cryptoki-errors.ts'
import { type Cryptoki, type Handle, tokenFlags } from './cryptoki-module.ts'
import { readPin, RefusedPins } from './pin.ts'

export interface LoginOptions {
  readonly cryptoki: Cryptoki
  readonly slot: Handle
  readonly session: Handle
  readonly serial: string
  readonly pinFile: string
  /** Where a refused PIN is remembered when that cannot be done beside its file. */
  readonly refusedElsewhere?: string | undefined
  readonly logger: Logger
}

/** Throws TOKEN_PIN_REFUSED; the refusal is durable before it does. */
export function login(options: LoginOptions): void {
  const { cryptoki, session, serial, pinFile, refusedElsewhere, logger } = options
  const refused = new RefusedPins(pinFile, serial, refusedElsewhere)
  const pin = readPin(pinFile)
  checkCounter(tokenFlags(cryptoki, options.slot), refused)
  if (refused.has(pin)) {
    throw new SealstoneError('TOKEN_PIN_REFUSED', 'the token refused this PIN before; it is not sent again', {
      hint: `put the right PIN into ${pinFile} and start again; if the token's PIN was changed to this one, remove ${refused.path}`,
    })
  }
  logger.info({ token: serial }, 'login attempt')
  try {
    cryptoki.C_Login(session, pkcs11js.CKU_USER, pin)
  } catch (cause) {
    if (returnValue(cause) === 'CKR_USER_ALREADY_LOGGED_IN') return
    if (faultClass(cause) !== 'pin') throw tokenError(cause, 'log in')
    // A locked token did not look at the PIN: it may be the right one.
    if (returnValue(cause) === 'CKR_PIN_LOCKED') stopLocked(cause)
    remember(refused, pin, logger)
    throw tokenError(cause, 'log in')
  }
}

// PKCS#11 2.40 §3.2, CK_TOKEN_INFO flags. FINAL_TRY and LOCKED always stop. COUNT_LOW stops too, unless we lowered the counter ourselves
// with a PIN that has since been replaced: replacing it is a person's decision, and the new one is sent once.
function checkCounter(flags: number, refused: RefusedPins): void {
  const stop = (what: string, hint: string): never => {
    throw new SealstoneError('TOKEN_PIN_REFUSED', `${what}; no PIN was sent`, { hint })
  }
  if ((flags & pkcs11js.CKF_USER_PIN_LOCKED) !== 0) stop('the token is locked', "unlock it with the security officer's PIN")
  if ((flags & pkcs11js.CKF_USER_PIN_FINAL_TRY) !== 0)
    stop('the token allows one last try', 'log in once by hand with the right PIN; that resets the counter')
  if ((flags & pkcs11js.CKF_USER_PIN_COUNT_LOW) !== 0 && !refused.any) {
    stop('somebody entered a wrong PIN since the last login', 'log in once by hand with the right PIN; that resets the counter')
  }
}

function stopLocked(cause: unknown): never {
  throw new SealstoneError('TOKEN_PIN_REFUSED', 'cannot log in: the token is locked after wrong PINs (CKR_PIN_LOCKED) and did not look at this one', {
    cause,
    hint: "unlock it with the security officer's PIN, a TPM with tpm2_dictionarylockout; then start again",
  })
}

function remember(refused: RefusedPins, pin: string, logger: Logger): void {
  try {
    refused.add(pin)
  } catch (error) {
    logger.error({ file: refused.path, error: String(error) }, 'a refused PIN could not be remembered: a restart would send it again')
  }
}
