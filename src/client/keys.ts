/** Calls of KeyService as promises. */
import { defined, SealstoneError } from '#core'
import type {
  BackupKeysResponse,
  CertifyKeyResponse,
  GetTrustResponse,
  Key,
  ListKeysResponse,
  RestoreKeysResponse,
  RewrapKeysResponse,
  TimestampInit,
} from '#wire'
import { fromEnum, RESTORE_OUTCOMES, toTimestamp } from '#wire'
import { type Channel, LONG_MS, type StartUnary } from './channel.ts'
import { fromKey } from './key-reading.ts'
import type { KeyChangeRequest, KeyInfo, KeyManagement, KeyValidity } from './key-types.ts'
import type { CallOptions } from './options.ts'
import type { Client } from './types.ts'

/** Every change answers with the key that it was about. */
interface KeyAnswer {
  readonly key: Key | null
}

export function keyCalls(channel: Channel): KeyManagement & Pick<Client, 'listKeys' | 'getKey' | 'getTrust'> {
  const { keys } = channel
  const answer = async (start: StartUnary<KeyAnswer>, options: CallOptions | undefined): Promise<KeyInfo> =>
    fromKey((await channel.unary<KeyAnswer>(start, options)).key)
  return {
    listKeys: async (call) => {
      const found = await channel.unary<ListKeysResponse>((grpc, done) => keys.listKeys({}, grpc, done), call)
      return found.keys.map(fromKey)
    },
    getKey: (name, call) => answer((grpc, done) => keys.getKey({ name, version: call?.version ?? 0 }, grpc, done), call),
    getTrust: async (call) => {
      const { trustFile } = await channel.unary<GetTrustResponse>((grpc, done) => keys.getTrust({}, grpc, done), call)
      return Uint8Array.from(trustFile)
    },
    createKey: ({ name, suite = '', rotationDays = 0, deletionAllowed = false, mlDsaInToken = false, notRecoverable = false, ...validity }, call) => {
      const message = { name, suite, rotationDays, deletionAllowed, mlDsaInToken, notRecoverable, ...toValidity(validity) }
      return answer((grpc, done) => keys.createKey(message, grpc, done), call)
    },
    rotateKey: ({ name, suite = '', fromVersion = 0, keepPrevious = false, recoverable = false, ...validity }, call) =>
      answer((grpc, done) => keys.rotateKey({ name, suite, fromVersion, keepPrevious, recoverable, ...toValidity(validity) }, grpc, done), call),
    enableKey: (request, call) => answer((grpc, done) => keys.enableKey(toChange(request), grpc, done), call),
    disableKey: (request, call) => answer((grpc, done) => keys.disableKey(toChange(request), grpc, done), call),
    retireKey: (request, call) => answer((grpc, done) => keys.retireKey(toChange(request), grpc, done), call),
    compromiseKey: (request, call) =>
      answer((grpc, done) => keys.compromiseKey({ ...toChange(request), since: toTimestamp(request.since) }, grpc, done), call),
    destroyKey: (request, call) =>
      answer((grpc, done) => keys.destroyKey({ ...toChange(request), confirmName: request.confirmName }, grpc, done), call),
    cancelDestroyKey: ({ name, version = 0 }, call) => answer((grpc, done) => keys.cancelDestroyKey({ name, version }, grpc, done), call),
    setKeyPolicy: ({ name, ...changes }, call) => answer((grpc, done) => keys.setKeyPolicy({ name, ...changes }, grpc, done), call),
    certifyKey: async ({ name, version = 0, document, subject, companion = false, days = 0 }, call) => {
      const kind = document === 'request' ? 'DOCUMENT_REQUEST' : 'DOCUMENT_SELF_SIGNED'
      const message = { name, version, document: kind, subject, companion, days } as const
      const { der, pem } = await channel.unary<CertifyKeyResponse>((grpc, done) => keys.certifyKey(message, grpc, done), call)
      return { der: Uint8Array.from(der), pem }
    },
    backupKeys: async (call) => {
      const { folder, treeSize, recoverable, notRecoverable } = await channel.unary<BackupKeysResponse>(
        (grpc, done) => keys.backupKeys({}, grpc, done),
        { timeoutMs: LONG_MS, ...call },
      )
      return { folder, treeSize: BigInt(treeSize), recoverable: [...recoverable], notRecoverable: [...notRecoverable] }
    },
    restoreKeys: async ({ identityFile, ...of }, call) => {
      const which = 'all' in of ? { all: of.all } : { name: of.name, version: of.version ?? 0 }
      const answered = await channel.unary<RestoreKeysResponse>((grpc, done) => keys.restoreKeys({ ...which, identityFile }, grpc, done), {
        timeoutMs: LONG_MS,
        ...call,
      })
      return answered.keys.map(({ name, version, outcome, detail }) => ({
        ...(name === '' ? {} : { name, version }),
        outcome: fromEnum(RESTORE_OUTCOMES, outcome) ?? unknownOutcome(outcome),
        detail,
      }))
    },
    rewrapKeys: async ({ destroyOld = false }, call) => {
      const answered = await channel.unary<RewrapKeysResponse>((grpc, done) => keys.rewrapKeys({ destroyOld }, grpc, done), {
        timeoutMs: LONG_MS,
        ...call,
      })
      const { wrappingKey, wrappingKeyNumber, seeds, destroyed } = answered
      return { wrappingKey, wrappingKeyNumber, seeds, destroyed: [...destroyed] }
    },
    adoptKey: ({ name, uri, ...validity }, call) => answer((grpc, done) => keys.adoptKey({ name, uri, ...toValidity(validity) }, grpc, done), call),
    importKey: ({ name, file, ...validity }, call) =>
      answer((grpc, done) => keys.importKey({ name, file, ...toValidity(validity) }, grpc, done), call),
  }
}

function unknownOutcome(outcome: string): never {
  throw new SealstoneError('INTERNAL', `the daemon told of an outcome that this client does not know: ${outcome}`)
}

function toChange({ name, version = 0, reason = '' }: KeyChangeRequest): { name: string; version: number; reason: string } {
  return { name, version, reason }
}

function toValidity({ notBefore, notAfter }: KeyValidity): { notBefore?: TimestampInit; notAfter?: TimestampInit } {
  return defined({
    notBefore: notBefore === undefined ? undefined : toTimestamp(notBefore),
    notAfter: notAfter === undefined ? undefined : toTimestamp(notAfter),
  })
}
