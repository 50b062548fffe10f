/** How the client is told where the daemon is, and what may be said of a single call. */

export interface ConnectOptions {
  /** `unix:/path/to/sealstone.sock` or `host:port`. Without `tls` only a loopback host is accepted. */
  readonly address: string
  /** Mutual TLS 1.3, all three in PEM. */
  readonly tls?: { readonly ca: string | Uint8Array; readonly cert: string | Uint8Array; readonly key: string | Uint8Array }
  /** How long one call may take with all its attempts, in milliseconds; default 60,000. */
  readonly timeoutMs?: number
  /** How often one call is tried while the daemon answers UNAVAILABLE; default 4, 1 means no retry. */
  readonly attempts?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Instead of the connection's, in milliseconds. */
  readonly timeoutMs?: number
  /** W3C Trace Context of the caller, so that the daemon's spans continue its trace. What cannot be a `traceparent` is not sent, and then no `tracestate`. */
  readonly traceparent?: string
  readonly tracestate?: string
}

export interface ReadOptions extends CallOptions {
  /** What is read is kept elsewhere: the log tells so by an entry of its own, however few entries there are. */
  readonly forExport?: boolean
  /** Much is read, and nobody waits for the first entry: many come in one message, when it is full. */
  readonly inBulk?: boolean
}
