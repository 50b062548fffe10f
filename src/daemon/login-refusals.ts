/** Leaves for logins that were refused: clients at our door, and us at the token's. */
import { openAuditLog } from '#audit'
import { type Clock, defined, type Logger, newOperationId, parseIdentity, type SealstoneError, Timeline, toSealstoneError } from '#core'
import type { Database } from '#db'
import { readLogKeys } from '#keys'
import type { LoginRefused } from '#listeners'
import { logSignatureVerifier } from '#suites'
import { nativeEngine } from '#suites/native'
import type { NewLeaf } from '#tlog'
import { type BoundedEvent, UNKNOWN_CALLER } from './bounded-events.ts'
import { checkpointSigner } from './checkpoint-signer.ts'

/** @param isNamed whether the log may have names and addresses of clients */
export function clientRefused({ what, detail, certificateDigest }: LoginRefused, isNamed: boolean): BoundedEvent {
  const only = { ...(isNamed ? defined({ detail }) : {}), ...defined({ certificateDigest }) }
  return { kind: 'login-refused', operation: 'connect', caller: UNKNOWN_CALLER, result: 'error', errorCode: 'UNAUTHENTICATED', what, only }
}

/** One that was used already may have been stolen on its way: by whom it was used first cannot be told apart. */
export function linkRefused(): BoundedEvent {
  const what = 'a link into the console was never given out, was used before, or was too old'
  return { kind: 'login-refused', operation: 'console.login', caller: UNKNOWN_CALLER, result: 'error', errorCode: 'UNAUTHENTICATED', what }
}

export function pinRefused({ code, message }: SealstoneError): BoundedEvent {
  return { ...TOKEN_LOGIN, errorCode: code, what: message }
}

export interface ClosedLog {
  readonly database: Database
  readonly origin: string
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * A start that ends at the token's login: nothing can be signed, but a leaf can be written, and the next checkpoint covers it. A service manager
 * starts us again and again: the same refusal as in the last leaf is not told twice. Never throws: the start fails anyway, and says why.
 */
export async function recordPinRefusal({ database, origin, clock, logger }: ClosedLog, { code, message }: SealstoneError): Promise<void> {
  try {
    const keyHost = { sign: () => Promise.reject(new Error('the token is closed')) }
    const signer = checkpointSigner({ origin, logKeys: () => readLogKeys(database), keyHost, clock })
    const verifier = logSignatureVerifier(nativeEngine())
    const audit = await openAuditLog({ db: database, origin, signer, verifier, timeline: new Timeline(clock), logger })
    const [last] = audit.entries({ reverse: true, limit: 1 })
    const isTold = last?.leaf.kind === 'login-refused' && last.leaf.reason === message
    if (!isTold) await audit.append({ ...TOKEN_LOGIN, operationId: newOperationId(), errorCode: code, reason: message })
    await audit.close()
  } catch (error) {
    logger.error({ error: toSealstoneError(error).message }, 'the refused login could not be logged')
  }
}

const TOKEN_LOGIN = {
  kind: 'login-refused',
  operation: 'token.login',
  caller: parseIdentity('local'),
  result: 'error',
} as const satisfies Partial<NewLeaf>
