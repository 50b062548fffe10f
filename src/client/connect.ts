/** The client a registry imports: one connection, every call of the daemon as a promise. */
import { SealstoneError } from '#core'
import type { EntryFilter, LogEntry } from '#tlog'
import type { GetCheckpointResponse, GetReceiptResponse, ListEntriesResponse, OpenConsoleResponse, RecordDecisionResponse } from '#wire'
import { archiveEntries } from './archiving.ts'
import { Channel } from './channel.ts'
import { followEntries } from './follow.ts'
import { keyCalls } from './keys.ts'
import type { ConnectOptions, ReadOptions } from './options.ts'
import { fromEntries, toDecisionMessage, toEntriesRequest } from './reading.ts'
import { signRegistryChallenge } from './registry-login.ts'
import { sign, signBatch, verifyRemote } from './signing.ts'
import type { Client } from './types.ts'

/** Connects lazily, at the first call. Throws INPUT_INVALID for an address that cannot be used. */
export function connect(options: ConnectOptions): Client {
  const channel = new Channel(options)
  const close = async (): Promise<void> => channel.close()
  return {
    sign: (request, call) => sign(channel, request, call),
    signBatch: (requests, call) => signBatch(channel, requests, call),
    signRegistryChallenge: (request, call) => signRegistryChallenge(channel, request, call),
    verifyRemote: (request, call) => verifyRemote(channel, request, call),
    ...keyCalls(channel),
    getCheckpoint: async (call) => {
      const { note, size } = await channel.unary<GetCheckpointResponse>((grpc, done) => channel.audit.getCheckpoint({}, grpc, done), call)
      return { note, size: BigInt(size) }
    },
    listEntries: (filter = {}, call) => listEntries(channel, filter, false, call),
    followEntries: (filter = {}, call = {}) => followEntries((rest, options) => listEntries(channel, rest, true, options), filter, call),
    getReceipt: async (index, call) => {
      const { receipt } = await channel.unary<GetReceiptResponse>(
        (grpc, done) => channel.audit.getReceipt({ index: String(index) }, grpc, done),
        call,
      )
      if (receipt === null) throw new SealstoneError('INTERNAL', 'the daemon answered no receipt')
      return { leaf: Uint8Array.from(receipt.leaf), proof: receipt.proof }
    },
    recordDecision: async (request, call) => {
      const message = toDecisionMessage(request)
      const { leafIndex } = await channel.unary<RecordDecisionResponse>((grpc, done) => channel.audit.recordDecision(message, grpc, done), call)
      return leafIndex === undefined ? undefined : BigInt(leafIndex)
    },
    archiveEntries: (request, call) => archiveEntries(channel, request, call),
    openConsole: async (call) => {
      const { url, minutes } = await channel.unary<OpenConsoleResponse>((grpc, done) => channel.audit.openConsole({}, grpc, done), call)
      return { url, minutes }
    },
    health: (call) => channel.health(call),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function* listEntries(channel: Channel, filter: EntryFilter, follow: boolean, call: ReadOptions | undefined): AsyncGenerator<LogEntry> {
  const request = toEntriesRequest(filter, follow, call)
  for await (const message of channel.stream<ListEntriesResponse>((grpc) => channel.audit.listEntries(request, grpc), call))
    yield* fromEntries(message)
}
