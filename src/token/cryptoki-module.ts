/** Loads a PKCS#11 module and finds the one token that is meant, by its label and serial, never by slot id: slot ids change. */
import { basename } from 'node:path'
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { returnValue, tokenError } from './cryptoki-errors.ts'

export type Cryptoki = pkcs11js.PKCS11
export type Handle = pkcs11js.Handle

/** Which token: everything that is given must match. */
export interface TokenName {
  readonly label: string
  readonly serial?: string
  readonly model?: string
  readonly manufacturer?: string
}

/** What a token says about itself; nothing secret. */
export interface TokenInfo {
  readonly label: string
  readonly serial: string
  readonly model: string
  readonly manufacturer: string
  /** File name of the PKCS#11 module. */
  readonly module: string
  /** What the module says it is, with its version. */
  readonly library: string
  readonly firmware: string
}

export interface FoundToken {
  readonly slot: Handle
  readonly flags: number
  /** The version of PKCS#11 that the module says it follows. */
  readonly cryptokiVersion: { readonly major: number; readonly minor: number }
  readonly info: TokenInfo
}

/** A loaded and initialised module. It is never finalised: that crashes some modules, so the process is left instead. Throws TOKEN_MISSING. */
export function loadModule(path: string): Cryptoki {
  const cryptoki = new pkcs11js.PKCS11()
  try {
    cryptoki.load(path)
  } catch (cause) {
    throw new SealstoneError('TOKEN_MISSING', `${path} cannot be loaded as a PKCS#11 module`, {
      cause,
      hint: 'check module-path in the token URI, and that the module is installed',
    })
  }
  try {
    cryptoki.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
  } catch (cause) {
    if (returnValue(cause) !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED') throw tokenError(cause, `initialise the PKCS#11 module ${path}`)
  }
  return cryptoki
}

/** Throws TOKEN_MISSING when no token, or more than one, has that name; says which are there. */
export function findToken(cryptoki: Cryptoki, modulePath: string, name: TokenName): FoundToken {
  const present = listTokens(cryptoki, modulePath)
  const matching = present.filter(({ info }) => matches(info, name))
  const [found] = matching
  if (found !== undefined && matching.length === 1) return found
  const want = Object.entries(name).map(([what, value]) => `${what} ${JSON.stringify(value)}`)
  const have = present.map(({ info }) => `${JSON.stringify(info.label)} (serial ${info.serial})`)
  throw new SealstoneError(
    'TOKEN_MISSING',
    `${matching.length === 0 ? 'no' : matching.length} tokens with ${want.join(', ')}; present: ${have.length === 0 ? 'none' : have.join(', ')}`,
  )
}

/** The slots whose token is not initialised yet. */
export function blankSlots(cryptoki: Cryptoki): Handle[] {
  return cryptoki.C_GetSlotList(true).filter((slot) => (cryptoki.C_GetTokenInfo(slot).flags & pkcs11js.CKF_TOKEN_INITIALIZED) === 0)
}

/** PIN flags change with every attempt, so they are read afresh before a login. */
export function tokenFlags(cryptoki: Cryptoki, slot: Handle): number {
  try {
    return cryptoki.C_GetTokenInfo(slot).flags
  } catch (cause) {
    throw tokenError(cause, 'read the state of the token')
  }
}

function listTokens(cryptoki: Cryptoki, modulePath: string): FoundToken[] {
  try {
    const { cryptokiVersion, libraryDescription, libraryVersion, manufacturerID } = cryptoki.C_GetInfo()
    const library = `${unpadded(manufacturerID)} ${unpadded(libraryDescription)} ${libraryVersion.major}.${libraryVersion.minor}`
    return cryptoki
      .C_GetSlotList(true)
      .map((slot) => ({ slot, token: cryptoki.C_GetTokenInfo(slot) }))
      .filter(({ token }) => (token.flags & pkcs11js.CKF_TOKEN_INITIALIZED) !== 0)
      .map(({ slot, token }) => ({
        slot,
        flags: token.flags,
        cryptokiVersion,
        info: {
          label: unpadded(token.label),
          serial: unpadded(token.serialNumber).trim(),
          model: unpadded(token.model).trim(),
          manufacturer: unpadded(token.manufacturerID).trim(),
          module: basename(modulePath),
          library,
          firmware: `${token.firmwareVersion.major}.${token.firmwareVersion.minor}`,
        },
      }))
  } catch (cause) {
    throw tokenError(cause, 'list the tokens')
  }
}

/** PKCS#11 2.40 §3.2: fixed-size fields are padded with blanks; tpm2-pkcs11 pads the model with NUL bytes instead. */
function unpadded(field: string): string {
  return field.replace(/[\0 ]+$/, '')
}

function matches(info: TokenInfo, name: TokenName): boolean {
  return (
    info.label === name.label &&
    (name.serial === undefined || info.serial === name.serial) &&
    (name.model === undefined || info.model === name.model) &&
    (name.manufacturer === undefined || info.manufacturer === name.manufacturer)
  )
}
