/** HashService: its three methods, from bytes to bytes. */
import type { MessageTypeDefinition } from '@grpc/proto-loader'
import { type Clock, defined, type Identity, LIMITS } from '#core'
import { ByteBudget, type FramedMethod } from '#frames'
import type { Manifest } from '#hashing'
import { issueTicket, TICKET_VALID_MS } from '#tickets'
import {
  decodeStrictly,
  HASH_TYPES,
  type HashPathRequest,
  type HashPathResponseInit,
  type HashStreamClose,
  type HashStreamOpen,
  type HashStreamResponseInit,
  METHODS,
  type Protos,
  readCount,
  readSafeInteger,
  readText,
  toTimestamp,
} from '#wire'
import type { FileOfManifest, PathHashing, PathRequest, PathStep } from './hash-path.ts'
import { HashStreamCall, readStreamId, type StreamCodec, toHashType } from './hash-stream-call.ts'
import type { FileDigests, FileSettings } from './hashed-file.ts'
import type { Streams } from './streams.ts'

export interface ServiceParts {
  readonly protos: Protos
  readonly streams: Streams
  readonly paths: PathHashing
  readonly ticketKey: Uint8Array
  readonly clock: Clock
  /** Throws PERMISSION_DENIED once the refusal is in the audit log. */
  readonly authorize: (identity: Identity, operation: 'hash.stream' | 'hash.path') => Promise<void>
}

export function hashMethods(parts: ServiceParts): ReadonlyMap<string, FramedMethod> {
  const { protos, streams, authorize } = parts
  const { HashStream, GetHashStream, HashPath } = protos.HashService.service
  const codec = streamCodec(parts)
  const early = new ByteBudget(MOST_EARLY_BYTES)
  return new Map<string, FramedMethod>([
    [
      HashStream.path,
      {
        kind: 'client-stream',
        open: async ({ identity }) => {
          await authorize(identity, 'hash.stream')
          return new HashStreamCall(identity, streams, codec, early)
        },
      },
    ],
    [
      GetHashStream.path,
      {
        kind: 'unary',
        handle: async ({ identity }, message) => {
          await authorize(identity, 'hash.stream')
          const { streamId } = decodeStrictly(protos.definition, GetHashStream.requestType, message)
          const { file, expires } = streams.find(identity, readStreamId(streamId))
          return GetHashStream.responseSerialize({ offset: String(file.offset), shards: String(file.shards.length), expires: toTimestamp(expires) })
        },
      },
    ],
    [
      HashPath.path,
      {
        kind: 'server-stream',
        handle: async function* ({ identity, signal }, message) {
          await authorize(identity, 'hash.path')
          const request = toPathRequest(decodeStrictly(protos.definition, HashPath.requestType, message))
          for await (const step of parts.paths.hash(identity, request, signal)) yield HashPath.responseSerialize(pathMessage(parts, identity, step))
        },
      },
    ],
  ])
}

function streamCodec(parts: ServiceParts): StreamCodec {
  const { definition, HashService } = parts.protos
  const codecOf = <Message>(name: string) => definition[`sealstone.v1.${name}`] as MessageTypeDefinition<object, Message>
  const [open, close] = [codecOf<HashStreamOpen>('HashStreamOpen'), codecOf<HashStreamClose>('HashStreamClose')]
  return {
    open: (bytes) => decodeStrictly(definition, open, bytes),
    close: (bytes) => decodeStrictly(definition, close, bytes),
    answer: (caller, settings, digests) => HashService.service.HashStream.responseSerialize(streamAnswer(parts, caller, settings, digests)),
  }
}

function streamAnswer(
  parts: ServiceParts,
  caller: Identity,
  { name, hashType, shardSize }: FileSettings,
  digests: FileDigests,
): HashStreamResponseInit {
  const { size, whole, shards } = digests
  const now = parts.clock.now()
  const covered = shards ?? (whole === undefined ? [] : [whole])
  const ticket = issueTicket(parts.ticketKey, { caller, name, size, hashType, digests: covered, ...defined({ shardSize }) }, now)
  return {
    name,
    size: String(size),
    hashType: HASH_TYPES[hashType],
    ...(whole === undefined ? {} : { digest: whole }),
    shards: (shards ?? []).map((digest, at) => ({
      start: String(at * (shardSize ?? 0)),
      end: String(Math.min(size, (at + 1) * (shardSize ?? 0))),
      digest,
    })),
    ticket,
    ticketExpires: toTimestamp(new Date(now.getTime() + TICKET_VALID_MS)),
  }
}

/** Throws INPUT_INVALID or INPUT_TOO_LARGE, with the field. */
function toPathRequest({ path, hashType, shardSize, ignorePaths }: HashPathRequest): PathRequest {
  readCount(ignorePaths.length, 'ignore_paths', 0, LIMITS.ignorePaths)
  return {
    path: readText(path, 'path', MAX_PATH_BYTES),
    options: {
      hashType: toHashType(hashType, 'hash_type'),
      ignorePaths: ignorePaths.map((ignored) => readText(ignored, 'ignore_paths', LIMITS.resourceNameBytes)),
      ...(shardSize === undefined ? {} : { method: 'shards' as const, shardSize: readSafeInteger(shardSize, 'shard_size', 1) }),
    },
  }
}

function pathMessage(parts: ServiceParts, caller: Identity, step: PathStep): HashPathResponseInit {
  switch (step.kind) {
    case 'progress': {
      const { bytesDone, bytesTotal, filesDone, filesTotal } = step.progress
      return {
        progress: { bytesDone: String(bytesDone), bytesTotal: String(bytesTotal), partsDone: String(filesDone), partsTotal: String(filesTotal) },
      }
    }
    case 'parts':
      return {
        parts: {
          resources: step.resources.map(({ name, digest, size }) => ({ name, digest, size: String(size) })),
          tickets: step.files.map((file) => ({ name: file.name, ticket: ticketFor(parts, caller, file, step.manifest) })),
        },
      }
    case 'end': {
      const { modelName, totalBytes, serialization } = step.manifest
      const { method, hashType, shardSize, allowSymlinks, ignorePaths } = serialization
      return {
        end: {
          modelName,
          totalBytes: String(totalBytes),
          serialization: {
            method: METHODS[method],
            hashType: HASH_TYPES[hashType],
            allowSymlinks,
            ignorePaths: [...ignorePaths],
            ...(shardSize === undefined ? {} : { shardSize: String(shardSize) }),
          },
          ticketsExpire: toTimestamp(new Date(parts.clock.now().getTime() + TICKET_VALID_MS)),
        },
      }
    }
  }
}

function ticketFor(
  { ticketKey, clock }: ServiceParts,
  caller: Identity,
  { name, resources }: FileOfManifest,
  { serialization }: Manifest,
): Uint8Array {
  const { hashType, shardSize } = serialization
  const size = resources.reduce((sum, part) => sum + part.size, 0)
  const digests = resources.map(({ digest }) => digest)
  return issueTicket(ticketKey, { caller, name, size, hashType, digests, ...defined({ shardSize }) }, clock.now())
}

/** Of chunks whose data comes before their offset, which no encoder writes by itself. */
const MOST_EARLY_BYTES = 32 * 1024 * 1024
const MAX_PATH_BYTES = 4096
