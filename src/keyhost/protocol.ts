/** What parent and key host say to each other over the IPC channel. One command, one reply; the channel's closing ends the child. */
import { type ErrorCode, isErrorCode, LIMITS, SealstoneError } from '#core'
import type { SuiteId } from '#suites'
import type { KeyMaterial } from './key-material.ts'
import type { ProbeReply, ProbeRequest } from './probe-steps.ts'
import type { TokenLocation } from './token-uri.ts'

/** Both sides come from one installation; a mismatch means that it was replaced under a running daemon. */
export const PROTOCOL_VERSION = 2

export const KEY_HOST_LIMITS = {
  /** One message to sign: the largest statement and its DSSE frame. */
  messageBytes: LIMITS.payloadBytes + 1024,
  /** Items in one sign command. */
  items: 64,
  /** Commands that wait or run; one more is OVERLOADED. */
  commands: LIMITS.queuedSignings,
  /** Bytes of all messages that wait or run. */
  waitingBytes: 256 * 1024 * 1024,
} as const

export type KeyRole = 'signing' | 'companion' | 'log'

export interface GenerateRequest {
  readonly keyId: string
  readonly version: number
  readonly suite: SuiteId
  /** CKA_LABEL of the objects in the token. */
  readonly label: string
  readonly role: KeyRole
  /** Where the ML-DSA half is to be: its seed sealed by the token, which is the default, or the key in the token (CKM_ML_DSA, PKCS#11 3.2). */
  readonly mlDsa?: 'sealed' | 'token'
  /** age recipients to whom its private parts are encrypted too; none: they are nowhere but in the token and sealed by it. */
  readonly recipients?: readonly string[]
}

export interface RecoverRequest {
  /** As it was; with its recovery blob. */
  readonly key: KeyMaterial
  readonly role: KeyRole
  readonly label: string
  /** Absolute path of a file with age identities that the key host may read. */
  readonly identityFile: string
}

/** An object in the token that was there before us. At least one of the two. */
export interface TokenObject {
  /** CKA_ID, lower-case hex. */
  readonly id?: string
  /** CKA_LABEL. */
  readonly label?: string
}

export interface AdoptRequest {
  readonly keyId: string
  readonly version: number
  readonly object: TokenObject
}

export interface ImportRequest {
  readonly keyId: string
  readonly version: number
  /** Absolute path of a PKCS#8 file, PEM or DER, in the folder that the key host may read. */
  readonly file: string
  /** As for a key that is made here. */
  readonly recipients?: readonly string[]
}

export interface MeasureRequest {
  readonly key: KeyMaterial
  readonly rounds: number
  readonly messageBytes: number
}

/** Milliseconds, one a round. */
export interface PrimitiveTimes {
  readonly mlDsaSign: readonly number[]
  readonly classicalSign: readonly number[]
  readonly mlDsaVerify: readonly number[]
  readonly classicalVerify: readonly number[]
}

export interface SignItem {
  readonly key: KeyMaterial
  readonly message: Uint8Array
}

/** What the token says about itself; nothing secret. The token room's own type is kept out: this side must not even name that room. */
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

/** A key of the token that seals seeds. */
export interface WrappingKeyName {
  /** Lower-case hex. */
  readonly ckaId: string
  /** 1 for the first one that this token had. */
  readonly number: number
}

export interface ProvisionRequest {
  readonly modulePath: string
  readonly label: string
  /** Both are created, mode 0600, and must not exist. */
  readonly userPinFile: string
  readonly soPinFile: string
}

export interface OpenRequest extends Omit<TokenLocation, 'env'> {
  /** How long an expanded ML-DSA key is kept after its last signature; 0: not at all. */
  readonly keepKeysMs: number
}

/** Command → its payload and its result. */
export interface Commands {
  /** The first command to a child that will sign. */
  open: { request: OpenRequest; result: TokenInfo }
  /** The only command to a child that makes a token. */
  provision: { request: ProvisionRequest; result: TokenInfo }
  generate: { request: GenerateRequest; result: KeyMaterial }
  sign: { request: readonly SignItem[]; result: Uint8Array[] }
  check: { request: readonly KeyMaterial[]; result: null }
  adopt: { request: AdoptRequest; result: KeyMaterial }
  recover: { request: RecoverRequest; result: KeyMaterial }
  import: { request: ImportRequest; result: KeyMaterial }
  /** The only command to a child that tries what a token can do. */
  probe: { request: ProbeRequest; result: ProbeReply }
  /** For benchmarks. */
  measure: { request: MeasureRequest; result: PrimitiveTimes }
  /** Removes the private halves from the token. */
  destroy: { request: readonly KeyMaterial[]; result: null }
  /** Which wrapping key seals from now on, given those that sealed seeds name. */
  'begin-reseal': { request: readonly string[]; result: WrappingKeyName }
  reseal: { request: readonly KeyMaterial[]; result: KeyMaterial[] }
  /** Destroys the wrapping keys that neither seal nor are named; which they were. */
  'end-reseal': { request: readonly string[]; result: string[] }
}

export type CommandKind = keyof Commands
export type Command = { [Kind in CommandKind]: { readonly kind: Kind; readonly request: Commands[Kind]['request'] } }[CommandKind]
export type CommandResult = Commands[CommandKind]['result']

/** A key by a number that stands for it on this channel; the key itself comes with its first use. */
export interface KeyReference {
  readonly id: number
  readonly material?: KeyMaterial
}

export interface WireSignItem {
  readonly key: KeyReference
  readonly message: Uint8Array
}

/** Commands as they cross the channel. */
export type WireCommand = Exclude<Command, { readonly kind: 'sign' }> | { readonly kind: 'sign'; readonly request: readonly WireSignItem[] }

export interface CommandMessage {
  readonly protocol: number
  readonly id: number
  /** Done before what arrived earlier and is not. */
  readonly urgent: boolean
  readonly command: WireCommand
}

export type ReplyMessage =
  | { readonly id: number; readonly ok: true; readonly result: CommandResult }
  | {
      readonly id: number
      readonly ok: false
      readonly error: WireError
      /** The module or device is lost: this child must be replaced. */
      readonly lost: boolean
    }

/** A SealstoneError without its cause: causes may hold what must not leave the child. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  readonly details: Readonly<Record<string, string>>
}

export function toWireError({ code, message, hint, details }: SealstoneError): WireError {
  return { code, message, hint, details }
}

export function fromWireError({ code, message, hint, details }: WireError): SealstoneError {
  return new SealstoneError(isErrorCode(code) ? code : 'INTERNAL', message, { hint, details })
}
