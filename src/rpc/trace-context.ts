/** What a caller says of its trace: the headers of W3C Trace Context, as gRPC metadata. Bounded here; read by whoever keeps the traces. */
import type { Metadata } from '@grpc/grpc-js'
import type { TraceContext } from '#core'

/** Two of the one, or too long, is none: a trace is never a reason to refuse a call. */
export function traceContextOf(metadata: Metadata): TraceContext {
  const [traceparent, second] = metadata.get('traceparent')
  if (typeof traceparent !== 'string' || second !== undefined || traceparent.length > MOST_TRACEPARENT) return {}
  const tracestate = metadata.get('tracestate').join(',')
  return tracestate === '' || tracestate.length > MOST_TRACESTATE ? { traceparent } : { traceparent, tracestate }
}

// Trace Context §3.2: 55 characters in version 00, more in a later one. §3.3.1.5: 512 are to be passed on at least.
const MOST_TRACEPARENT = 128
const MOST_TRACESTATE = 512
