/** HashService: streams the bytes of a file, goes on where a broken stream stopped, or has the daemon hash what it can read itself. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { ClientWritableStream } from '@grpc/grpc-js'
import { defined, SealstoneError, withRetry } from '#core'
import type { HashType, Manifest } from '#hashing'
import {
  fromEnum,
  fromTimestamp,
  HASH_TYPES,
  type GetHashStreamResponse,
  type HashPathResponse,
  type HashStreamRequestInit,
  type HashStreamResponse,
  METHODS,
} from '#wire'
import { Channel } from './channel.ts'
import type { CallOptions, ConnectOptions } from './options.ts'

export interface HashStreamInput {
  /** The file as the manifest will name it. */
  readonly name: string
  /** Bytes, if known. */
  readonly size?: number
  /** Default sha256. */
  readonly hashType?: HashType
  /** Bytes of a part: one digest for each. */
  readonly shardSize?: number
  /** With a shard size: no digest of the whole file, in half the time. */
  readonly shardsOnly?: boolean
  /** The same when a stream of an earlier process is taken up again; random if absent. */
  readonly streamId?: string
  /** The bytes from this offset on, in pieces of at most 16 MiB that are not changed afterwards; asked again after a broken connection. */
  read(offset: number): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

export interface HashStreamAnswer {
  readonly size: number
  /** Of the whole file; absent where only parts were wanted, or the daemon was restarted in the middle. */
  readonly digest?: Uint8Array
  readonly shards: readonly { readonly start: number; readonly end: number; readonly digest: Uint8Array }[]
  /** For `sign`: proof that the daemon computed these digests. */
  readonly ticket: Uint8Array
  readonly ticketExpires: Date
}

export interface HashPathInput {
  /** Absolute path on the daemon's machine. */
  readonly path: string
  readonly hashType?: HashType
  readonly shardSize?: number
  readonly ignorePaths?: readonly string[]
  readonly onProgress?: (progress: { readonly bytesDone: number; readonly bytesTotal: number }) => void
}

export interface HashPathAnswer {
  readonly manifest: Manifest
  /** By file, for `sign`. */
  readonly hashTickets: Readonly<Record<string, Uint8Array>>
}

export interface HashClient extends AsyncDisposable {
  /** Default deadline 60 s: give a large file more. */
  hashStream(input: HashStreamInput, options?: CallOptions): Promise<HashStreamAnswer>
  hashPath(input: HashPathInput, options?: CallOptions): Promise<HashPathAnswer>
  close(): Promise<void>
}

/** @param options the address of the data plane, which is not that of the other services. Throws INPUT_INVALID. */
export function connectHashing(options: ConnectOptions): HashClient {
  const channel = new Channel(options)
  const close = async (): Promise<void> => channel.close()
  return {
    hashStream: (input, call) => hashStream(channel, input, call),
    hashPath: (input, call) => hashPath(channel, input, call),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function hashStream(channel: Channel, input: HashStreamInput, options: CallOptions = {}): Promise<HashStreamAnswer> {
  const streamId = input.streamId ?? randomUUID()
  let attempts = 0
  const answer = await withRetry({ ...channel.retryOptions(options) }, async (timeoutMs) => {
    const isFirst = attempts++ === 0 && input.streamId === undefined
    const offset = isFirst ? 0 : await offsetOf(channel, streamId, options)
    const send = (call: ClientWritableStream<HashStreamRequestInit>, stopped: Promise<unknown>) => sendFile(call, stopped, streamId, input, offset)
    return channel.upload<HashStreamRequestInit, HashStreamResponse>((grpc, done) => channel.hashing.hashStream(grpc, done), send, {
      ...options,
      timeoutMs,
    })
  })
  if (answer.ticketExpires === null) throw new SealstoneError('INTERNAL', 'the daemon answered no ticket')
  return {
    size: Number(answer.size),
    ...(answer.digest.length === 0 ? {} : { digest: Uint8Array.from(answer.digest) }),
    shards: answer.shards.map(({ start, end, digest }) => ({ start: Number(start), end: Number(end), digest: Uint8Array.from(digest) })),
    ticket: Uint8Array.from(answer.ticket),
    ticketExpires: fromTimestamp(answer.ticketExpires),
  }
}

async function sendFile(
  call: ClientWritableStream<HashStreamRequestInit>,
  stopped: Promise<unknown>,
  streamId: string,
  { name, size, hashType = 'sha256', shardSize, shardsOnly = false, read }: HashStreamInput,
  offset: number,
): Promise<void> {
  const sizes = defined({ size: size === undefined ? undefined : String(size), shardSize: shardSize === undefined ? undefined : String(shardSize) })
  let isStopped = false
  void stopped.then(() => (isStopped = true))
  call.write({ open: { streamId, name, hashType: HASH_TYPES[hashType], shardsOnly, ...sizes } })
  let at = offset
  for await (const data of read(offset)) {
    if (isStopped) return
    if (!call.write({ chunk: { offset: String(at), data } })) await Promise.race([once(call, 'drain'), stopped])
    at += data.length
  }
  call.write({ close: { size: String(at) } })
  call.end()
}

async function offsetOf(channel: Channel, streamId: string, options: CallOptions): Promise<number> {
  try {
    const { offset } = await channel.unary<GetHashStreamResponse>((grpc, done) => channel.hashing.getHashStream({ streamId }, grpc, done), options)
    return Number(offset)
  } catch (error) {
    if (error instanceof SealstoneError && error.code === 'STREAM_UNKNOWN') return 0
    throw error
  }
}

async function hashPath(
  channel: Channel,
  { path, hashType = 'sha256', shardSize, ignorePaths = [], onProgress }: HashPathInput,
  options?: CallOptions,
): Promise<HashPathAnswer> {
  const request = { path, hashType: HASH_TYPES[hashType], ignorePaths: [...ignorePaths], ...defined({ shardSize: shardSize?.toString() }) }
  const resources: Manifest['resources'][number][] = []
  const hashTickets: Record<string, Uint8Array> = {}
  for await (const { progress, parts, end } of channel.stream<HashPathResponse>((grpc) => channel.hashing.hashPath(request, grpc), options)) {
    if (progress) onProgress?.({ bytesDone: Number(progress.bytesDone), bytesTotal: Number(progress.bytesTotal) })
    for (const { name, digest, size } of parts?.resources ?? [])
      resources.push({ name, algorithm: hashType, digest: Uint8Array.from(digest), size: Number(size) })
    for (const { name, ticket } of parts?.tickets ?? []) hashTickets[name] = Uint8Array.from(ticket)
    const serialization = end?.serialization
    if (!end || !serialization) continue
    const method = fromEnum<Manifest['serialization']['method']>(METHODS, serialization.method)
    if (method === undefined) throw new SealstoneError('INTERNAL', 'the daemon answered an unknown method')
    return {
      manifest: {
        modelName: end.modelName,
        resources,
        serialization: {
          method,
          hashType,
          allowSymlinks: serialization.allowSymlinks,
          ignorePaths: serialization.ignorePaths,
          ...(serialization.shardSize === undefined ? {} : { shardSize: Number(serialization.shardSize) }),
        },
        totalBytes: Number(end.totalBytes),
      },
      hashTickets,
    }
  }
  throw new SealstoneError('INTERNAL', 'the daemon ended its answer early')
}
