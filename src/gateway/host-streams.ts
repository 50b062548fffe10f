/** Where the messages of one server's process go: to the answers over HTTP that are open for its hosts. */
import type { JsonObject } from '#core'
import type { MessageHead } from '#upstream'
import type { HostReply } from './host-reply.ts'
import type { HostOutput } from './line-writer.ts'

export interface HostStreams extends HostOutput {
  /** Requests and streams that hosts wait at. */
  readonly open: number
  /** One host began it, and comes back if all is well. */
  readonly isSession: boolean
  /** The server did not take its host: another one may have its place. */
  readonly isRefused: boolean
  /** A request of a host. @returns what goes to the server, undefined where it was answered here */
  begin(request: HostRequest): { readonly head: MessageHead; readonly bytes: Uint8Array } | undefined
  /** The server has gone: what is open ends. */
  end(): void
}

export interface HostRequest {
  readonly head: MessageHead & { readonly id: string; readonly method: string }
  readonly bytes: Uint8Array
  /** `_meta` of its params. */
  readonly meta: JsonObject
  readonly reply: HostReply
}

/** Says something to the server that no host said. */
export type ToServer = (message: Uint8Array) => void
