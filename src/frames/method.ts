/** What a method is to this server: who calls, and what becomes of the bytes. */
import type { Identity, SealstoneError } from '#core'

export interface FramedCall {
  /** For example `/sealstone.v1.HashService/HashStream`. */
  readonly method: string
  readonly identity: Identity
  /** For logs. */
  readonly peer: string
  /** Aborted with a SealstoneError: CANCELLED, DEADLINE_EXCEEDED or DAEMON_DRAINING. */
  readonly signal: AbortSignal
}

export type FramedMethod =
  | { readonly kind: 'unary'; handle(call: FramedCall, message: Buffer): Promise<Uint8Array> }
  | { readonly kind: 'server-stream'; handle(call: FramedCall, message: Buffer): AsyncIterable<Uint8Array> }
  /** Nothing is read before it is open. */
  | { readonly kind: 'client-stream'; open(call: FramedCall): MessageSink | Promise<MessageSink> }

/** Takes the messages of one call. What `begin`, `bytes` and `end` throw ends the call. */
export interface MessageSink {
  /** A message of so many bytes begins. */
  begin(length: number): void
  /** Its next bytes, valid only until this returns. */
  bytes(piece: Buffer): void
  /** It is whole. */
  end(): void
  /** The caller has sent everything: the answer. */
  finish(): Promise<Uint8Array>
  /** The call ended otherwise; at most once, and not after `finish` has resolved. */
  abandon(error: SealstoneError): void
}

/** What there is to say of a call that is over. */
export interface CallFacts {
  readonly method: string
  /** `OK` or a code of the error catalogue. */
  readonly code: string
  readonly seconds: number
  /** Bytes of the messages that came. */
  readonly bytes: number
}
