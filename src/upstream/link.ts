/** A way to a server for messages as they are, whatever carries them. */
import type { SealstoneError } from '#core'
import type { Incoming } from './message-framer.ts'
import type { MessageHead } from './message-head.ts'

export interface Link {
  readonly kind: 'stdio' | 'http'
  /** Begins to hand over what comes. Called once, before anything is sent. */
  receive(receiver: Receiver): void
  /** Resolves when the message has left, so that who has many of them waits. @param message one line, without its end */
  send(message: Uint8Array, head: MessageHead): Promise<void>
  /** Resolves once nothing of the server's process is left. */
  close(): Promise<void>
}

export interface Receiver {
  /** The pieces of one message come after each other, with nothing between. Nothing more comes until this resolves. */
  message(incoming: Incoming): void | Promise<void>
  /** The message of which pieces came has no end. Missing where none comes in pieces. */
  broke?(): void
  /** The answer to this request will not come. @param id as it was written */
  lost(id: string, error: SealstoneError): void
  /** Nothing more will come at all. Called once. */
  ended(error: SealstoneError): void
}
