/** The port through which rooms tell how the time of one request was spent; the daemon gives it to whoever collects. Costs nothing where nobody does. */
import { toSealstoneError } from './errors.ts'

export type SpanFields = Readonly<Record<string, string | number | boolean>>

/** One step of a request. Its fields are seen by everybody who may read the traces: no secret, no payload, no name of a model. */
export interface Span {
  /** 32 hex digits; undefined where there are no traces. */
  readonly traceId: string | undefined
  /** A step within this one; it must be ended. */
  child(name: string): Span
  set(fields: SpanFields): void
  /** A code of the error catalogue. */
  fail(code: string): void
  end(): void
}

/** What a caller says of its own trace, as it came: W3C Trace Context. */
export interface TraceContext {
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
}

export interface Tracer {
  /** The span of one request. A trace context that cannot be read is as good as none. */
  startCall(name: string, caller: TraceContext, fields: SpanFields): Span
}

export const silentSpan: Span = { traceId: undefined, child: () => silentSpan, set: () => {}, fail: () => {}, end: () => {} }
export const silentTracer: Tracer = { startCall: () => silentSpan }

/** Runs one step in a span of its own, which ends with it; the result, or what is thrown, is that of the step. */
export function spanned<Result>(parent: Span, name: string, step: (span: Span) => Result): Result {
  if (parent === silentSpan) return step(parent)
  const span = parent.child(name)
  let result: Result
  try {
    result = step(span)
  } catch (error) {
    endFailed(span, error)
    throw error
  }
  if (!(result instanceof Promise)) {
    span.end()
    return result
  }
  const watched = async (): Promise<unknown> => {
    try {
      const value: unknown = await result
      span.end()
      return value
    } catch (error) {
      endFailed(span, error)
      throw error
    }
  }
  return watched() as Result
}

/** For a line of the log. */
export function traceFields({ traceId }: Span): { readonly trace_id?: string } {
  return traceId === undefined ? {} : { trace_id: traceId }
}

function endFailed(span: Span, error: unknown): void {
  span.fail(toSealstoneError(error).code)
  span.end()
}
