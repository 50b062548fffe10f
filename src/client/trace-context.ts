/** Passes the caller's trace on, in the metadata of a call; a trace is never a reason for a call to fail. */
import { type CallOptions as GrpcCallOptions, InterceptingCall, type Interceptor } from '@grpc/grpc-js'
import type { CallOptions } from './options.ts'

export function withTrace(options: GrpcCallOptions, { traceparent, tracestate }: CallOptions): GrpcCallOptions {
  if (traceparent === undefined || !TRACEPARENT.test(traceparent)) return options
  const interceptor: Interceptor = (callOptions, nextCall) =>
    new InterceptingCall(nextCall(callOptions), {
      start: (metadata, listener, next) => {
        metadata.set('traceparent', traceparent)
        if (tracestate !== undefined && TRACESTATE.test(tracestate)) metadata.set('tracestate', tracestate)
        next(metadata, listener)
      },
    })
  return { ...options, interceptors: [interceptor] }
}

// Trace Context §3.2 and §3.3: printable ASCII, so that it can be a header.
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
const TRACESTATE = /^[\x20-\x7e]{1,512}$/
