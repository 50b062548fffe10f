/** What one server takes on; docs/hashing.md is the table for users. */

export interface FrameLimits {
  /** Per listener; one more is closed at once. */
  readonly connections: number
  readonly connectionsPerCaller: number
  readonly handshakeMs: number
  /** Calls over all connections; one more is refused with OVERLOADED. */
  readonly calls: number
  readonly callsPerCaller: number
  readonly callsPerConnection: number
  /** One message of a stream. */
  readonly messageBytes: number
  /** One request that is a single message. */
  readonly requestBytes: number
  /** Of requests that are a single message, held until they are whole: over all calls; more is refused with OVERLOADED. */
  readonly heldBytes: number
  /** What a caller may send before it is read: for each call and for each connection. */
  readonly windowBytes: number
  /** A call whose caller sends nothing for so long, or takes nothing of the answer, is ended with DEADLINE_EXCEEDED. */
  readonly idleMs: number
  /** A connection on which nothing happens for so long is closed. */
  readonly idleConnectionMs: number
  /** Headers of one call, in bytes and in number. */
  readonly headerBytes: number
  readonly headerPairs: number
  /** Calls that a caller may reset at once, and then each second, before its connection is closed (CVE-2023-44487). */
  readonly resetBurst: number
  readonly resetsPerSecond: number
  /** Settings in one frame. */
  readonly settings: number
  /** What HTTP/2 keeps for one connection, in MB: queues and headers, not the bytes of calls. */
  readonly sessionMegabytes: number
}

export const DEFAULT_FRAME_LIMITS: FrameLimits = {
  connections: 512,
  connectionsPerCaller: 256,
  handshakeMs: 10_000,
  calls: 256,
  callsPerCaller: 192,
  callsPerConnection: 128,
  messageBytes: 16 * 1024 * 1024 + 1024, // data of 16 MiB and what is around it
  requestBytes: 5 * 1024 * 1024,
  heldBytes: 32 * 1024 * 1024,
  windowBytes: 16 * 1024 * 1024,
  idleMs: 60_000,
  idleConnectionMs: 30 * 60_000,
  headerBytes: 16 * 1024,
  headerPairs: 64,
  resetBurst: 200,
  resetsPerSecond: 50,
  settings: 16,
  sessionMegabytes: 32,
}
