/** Requests about keys: messages to domain types. Every reader throws INPUT_INVALID or INPUT_TOO_LARGE with the field. */
import { defined, type KeyName, parseKeyName } from '#core'
import type {
  AdoptKeyRequest,
  CertifyKeyRequest,
  ChangeKeyRequest,
  CreateKeyRequest,
  DestroyKeyRequest,
  ImportKeyRequest,
  Operations,
  RestoreKeysRequest,
  RotateKeyRequest,
  VersionName,
} from '#operations'
import {
  type AdoptKeyRequest as AdoptMessage,
  type CertifyKeyRequest as CertifyMessage,
  type CompromiseKeyRequest as CompromiseMessage,
  type CreateKeyRequest as CreateMessage,
  type DestroyKeyRequest as DestroyMessage,
  fromTimestamp,
  type ImportKeyRequest as ImportMessage,
  readText,
  readWith,
  refuse,
  type RestoreKeysRequest as RestoreMessage,
  type RotateKeyRequest as RotateMessage,
  type SetKeyPolicyRequest as PolicyMessage,
  type Timestamp,
} from '#wire'

export function toKeyName(text: string, field = 'name'): KeyName {
  return readWith(parseKeyName, text, field)
}

export function toVersionName({ name, version }: { readonly name: string; readonly version: number }): VersionName {
  return { name: toKeyName(name), ...defined({ version: orNone(version) }) }
}

export function toCreateRequest(message: CreateMessage): CreateKeyRequest {
  const { name, suite, rotationDays, deletionAllowed, mlDsaInToken, notRecoverable } = message
  const policy = { minSignVersion: 1, minVerifyVersion: 1, deletionAllowed, ...defined({ rotationDays: orNone(rotationDays) }) }
  return { name: toKeyName(name), policy, mlDsaInToken, notRecoverable, ...toValidity(message), ...defined({ suite: orEmpty(suite) }) }
}

export function toRotateRequest(message: RotateMessage): RotateKeyRequest {
  const { name, suite, fromVersion, keepPrevious, recoverable } = message
  return {
    name: toKeyName(name),
    keepPrevious,
    recoverable,
    ...toValidity(message),
    ...defined({ suite: orEmpty(suite), fromVersion: orNone(fromVersion) }),
  }
}

export function toChangeRequest(
  action: Exclude<ChangeKeyRequest['action'], 'compromise'>,
  message: { readonly name: string; readonly version: number; readonly reason: string },
): ChangeKeyRequest {
  return { action, ...toVersionName(message), ...defined({ reason: toReason(message.reason) }) }
}

export function toCompromiseRequest(message: CompromiseMessage): ChangeKeyRequest {
  const { since, reason } = message
  if (since === null) return refuse('since', 'is missing: say since when somebody else may have had the key')
  return { action: 'compromise', ...toVersionName(message), since: fromTimestamp(since), reason: readText(reason, 'reason', MAX_REASON) }
}

export function toDestroyRequest(message: DestroyMessage): DestroyKeyRequest {
  return { ...toVersionName(message), confirmName: message.confirmName, ...defined({ reason: toReason(message.reason) }) }
}

export function toPolicyChanges({
  minSignVersion,
  minVerifyVersion,
  rotationDays,
  deletionAllowed,
}: PolicyMessage): Parameters<Operations['setKeyPolicy']>[2] {
  const changes = defined({ minSignVersion, minVerifyVersion, rotationDays, deletionAllowed })
  if (Object.keys(changes).length === 0) refuse('min_sign_version', 'and every other setting is absent: nothing is to be changed')
  return changes
}

export function toAdoptRequest(message: AdoptMessage): AdoptKeyRequest {
  return { name: toKeyName(message.name), uri: readText(message.uri, 'uri', MAX_URI), ...toValidity(message) }
}

export function toImportRequest(message: ImportMessage): ImportKeyRequest {
  return { name: toKeyName(message.name), file: readText(message.file, 'file', MAX_FILE_NAME), ...toValidity(message) }
}

export function toCertifyRequest({ name, version, document, subject, companion, days }: CertifyMessage): CertifyKeyRequest {
  if (document === 'DOCUMENT_UNSPECIFIED') return refuse('document', 'is missing, want a request or a self-signed certificate')
  if (days > MAX_DAYS) refuse('days', `is ${days}, want at most ${MAX_DAYS}`)
  return {
    name: toKeyName(name),
    ...defined({ version: orNone(version) }),
    document: document === 'DOCUMENT_REQUEST' ? 'request' : 'self-signed',
    which: companion ? 'companion' : 'hybrid',
    subject: readText(subject, 'subject', MAX_SUBJECT),
    days: days === 0 ? DEFAULT_DAYS : days,
  }
}

export function toRestoreRequest({ name, version, all, identityFile }: RestoreMessage): RestoreKeysRequest {
  if (all === (name !== '')) refuse('name', all ? 'is there together with all, want one of the two' : 'is missing, and so is all')
  if (all && version !== 0) refuse('version', 'is there without a name')
  return {
    ...(all ? {} : { key: toKeyName(name) }),
    ...defined({ version: orNone(version) }),
    identityFile: readText(identityFile, 'identity_file', MAX_PATH),
  }
}

function toValidity({ notBefore, notAfter }: { readonly notBefore: Timestamp | null; readonly notAfter: Timestamp | null }): {
  notBefore?: Date
  notAfter?: Date
} {
  return defined({
    notBefore: notBefore === null ? undefined : fromTimestamp(notBefore),
    notAfter: notAfter === null ? undefined : fromTimestamp(notAfter),
  })
}

function toReason(text: string): string | undefined {
  return text === '' ? undefined : readText(text, 'reason', MAX_REASON)
}

/** In these messages 0 means that it was not said. */
function orNone(value: number): number | undefined {
  return value === 0 ? undefined : value
}

function orEmpty(text: string): string | undefined {
  return text === '' ? undefined : text
}

const DEFAULT_DAYS = 365
const MAX_DAYS = 3650
const MAX_SUBJECT = 1024
const MAX_REASON = 1024
const MAX_URI = 2048
const MAX_FILE_NAME = 255
const MAX_PATH = 4096
