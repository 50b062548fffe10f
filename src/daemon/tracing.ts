/** Sends traces by OTLP over HTTP, with OpenTelemetry's own packages. Loaded only if the configuration asks for traces. */
import {
  type Context,
  type HrTime,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer as OtelTracer,
} from '@opentelemetry/api'
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger, type Span, type SpanFields, type TraceContext, type Tracer } from '#core'
import { readCollectorHeaders, type TraceSettings } from './collector-settings.ts'

export interface Tracing {
  readonly tracer: Tracer
  /** Sends what waits, for a few seconds at most; what is not sent then is dropped. */
  close(): Promise<void>
}

/** @param dropped told how many spans no collector took. Throws CONFIG_INVALID for a headers file that cannot be used. */
export function startTracing({ endpoint, sampleRatio, headersFile }: TraceSettings, logger: Logger, dropped: (spans: number) => void): Tracing {
  const headers = headersFile === undefined ? {} : readCollectorHeaders('traces', headersFile)
  const exporter = new OTLPTraceExporter({ url: endpoint, headers, timeoutMillis: EXPORT_MS, concurrencyLimit: MOST_WAITING / BATCH })
  const queue = new BoundedQueue(exporter, logger, dropped)
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'sealstone' }),
    sampler: sampleRatio === 0 ? new AlwaysOffSampler() : new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanLimits: { attributeValueLengthLimit: 256, attributeCountLimit: 32 },
    spanProcessors: [queue],
  })
  return {
    tracer: tracerOf(provider.getTracer('sealstone')),
    close: async () => {
      const timer = new AbortController()
      // A failure is counted and told by the queue.
      const sent = provider.shutdown().catch(() => {})
      await Promise.race([sent, sleep(CLOSE_MS, undefined, { signal: timer.signal }).catch(() => {})])
      timer.abort()
      queue.abandon()
    },
  }
}

function tracerOf(tracer: OtelTracer): Tracer {
  const propagator = new W3CTraceContextPropagator()
  return {
    startCall: (name, caller, fields) => {
      const parent = propagator.extract(NO_PARENT, caller, {
        get: (carrier: TraceContext, key) => carrier[key as keyof TraceContext],
        keys: Object.keys,
      })
      const time = new TraceTime()
      return new SentSpan(tracer, tracer.startSpan(name, { kind: SpanKind.SERVER, attributes: fields, startTime: time.now() }, parent), parent, time)
    },
  }
}

/**
 * The wall clock at the beginning of a call, and steady microseconds from there. The SDK's own times begin at whole milliseconds, so that steps of
 * less than one would seem to begin before the step before them ends.
 */
class TraceTime {
  readonly #wallMs = Date.now()
  readonly #steadyMs = performance.now()

  now(): HrTime {
    const micros = Math.round((performance.now() - this.#steadyMs) * 1000)
    const seconds = Math.floor(this.#wallMs / 1000)
    const nanos = (this.#wallMs % 1000) * 1_000_000 + micros * 1000
    return [seconds + Math.floor(nanos / 1e9), nanos % 1e9]
  }
}

class SentSpan implements Span {
  readonly #tracer: OtelTracer
  readonly #span: OtelSpan
  readonly #context: Context
  readonly #time: TraceTime

  constructor(tracer: OtelTracer, span: OtelSpan, parent: Context, time: TraceTime) {
    this.#time = time
    this.#tracer = tracer
    this.#span = span
    this.#context = trace.setSpan(parent, span)
  }

  get traceId(): string {
    return this.#span.spanContext().traceId
  }

  child(name: string): Span {
    // What is not sampled has no sampled steps.
    return this.#span.isRecording()
      ? new SentSpan(this.#tracer, this.#tracer.startSpan(name, { startTime: this.#time.now() }, this.#context), this.#context, this.#time)
      : unsent(this.traceId)
  }

  set(fields: SpanFields): void {
    this.#span.setAttributes(fields)
  }

  fail(code: string): void {
    this.#span.setAttribute('error.type', code)
    this.#span.setStatus({ code: SpanStatusCode.ERROR })
  }

  end(): void {
    this.#span.end(this.#time.now())
  }
}

/**
 * Counts every span from its end to the collector's answer, and takes no more than so many: the official processor bounds what waits, not what is
 * under way, and does not tell what it drops.
 */
class BoundedQueue implements SpanProcessor {
  readonly #batches: BatchSpanProcessor
  readonly #logger: Logger
  readonly #dropped: (spans: number) => void
  #held = 0
  #reachable = true
  #abandoned = false

  constructor(exporter: SpanExporter, logger: Logger, dropped: (spans: number) => void) {
    this.#logger = logger
    this.#dropped = dropped
    this.#batches = new BatchSpanProcessor({
      exporter: this.#counted(exporter),
      maxQueueSize: MOST_WAITING,
      maxExportBatchSize: BATCH,
      scheduledDelayMillis: DELAY_MS,
      exportTimeoutMillis: 2 * EXPORT_MS,
    })
  }

  onStart(): void {}

  onEnd(...[span]: Parameters<SpanProcessor['onEnd']>): void {
    if (this.#held >= MOST_WAITING) {
      this.#dropped(1)
      return
    }
    this.#held++
    this.#batches.onEnd(span)
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush()
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown()
  }

  /** Nobody waits for the rest. */
  abandon(): void {
    if (this.#held > 0) this.#lost(this.#held, 'the collector did not answer in time')
    this.#abandoned = true
  }

  #counted(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          if (!this.#abandoned) {
            this.#held -= spans.length
            if (result.code !== ExportResultCode.SUCCESS) this.#lost(spans.length, result.error?.message ?? 'no reason given')
            else this.#reachable = true
          }
          done(result)
        }),
      forceFlush: async () => exporter.forceFlush?.(),
      shutdown: () => exporter.shutdown(),
    }
  }

  /** One line when it begins, not one for each batch. */
  #lost(spans: number, reason: string): void {
    this.#dropped(spans)
    if (this.#reachable) this.#logger.warn({ spans, error: reason }, 'traces could not be sent and are dropped')
    this.#reachable = false
  }
}

/** Steps of a call that is not sampled. */
function unsent(traceId: string): Span {
  const span: Span = { traceId, child: () => span, set: () => {}, fail: () => {}, end: () => {} }
  return span
}

const NO_PARENT = ROOT_CONTEXT
const MOST_WAITING = 2048
const BATCH = 256
const DELAY_MS = 1000
/** For one batch, with its repetitions. */
const EXPORT_MS = 3000
const CLOSE_MS = 2000
