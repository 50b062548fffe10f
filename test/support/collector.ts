/** A collector of OpenTelemetry traces and logs: takes OTLP over HTTP in its JSON form, or fails to, as a test says. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { eventually } from './eventually.ts'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly name: string
  /** OTLP: 1 internal, 2 server. */
  readonly kind: number
  readonly start: bigint
  readonly end: bigint
  /** OTLP: 0 unset, 2 error. */
  readonly status: number
  readonly fields: Readonly<Record<string, unknown>>
}

export interface CollectedRecord {
  readonly eventName: string
  /** OTLP: 9 info, 13 warn, 17 error. */
  readonly severity: number
  readonly body: string
  readonly time: bigint
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Collector extends AsyncDisposable {
  readonly endpoint: string
  readonly spans: CollectedSpan[]
  /** Of logs, in the order in which they came. */
  readonly records: CollectedRecord[]
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly text: string }[]
  /** Waits until there are so many spans; throws with those that are there. */
  wait(spans: number): Promise<void>
  /** Forgets what came; what is still on its way comes nevertheless. */
  clear(): void
}

export type Behaviour = 'takes' | 'hangs' | 'refuses'

export async function startCollector(behaviour: Behaviour = 'takes', { host, port } = { host: '127.0.0.1', port: 0 }): Promise<Collector> {
  const spans: CollectedSpan[] = []
  const records: CollectedRecord[] = []
  const requests: Collector['requests'] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await json(request)) as ExportRequest
    requests.push({ headers: request.headers, text: JSON.stringify(body) })
    if (behaviour === 'hangs') return
    if (behaviour === 'takes') {
      spans.push(...readSpans(body))
      records.push(...readRecords(body))
    }
    response.writeHead(behaviour === 'takes' ? 200 : 400, { 'content-type': 'application/json' }).end('{}')
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the collector has no port')
  return {
    endpoint: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}/v1/traces`,
    spans,
    records,
    requests,
    wait: async (count) => {
      await eventually(() => {
        if (spans.length < count) throw new Error(`${spans.length} spans, want ${count}: ${spans.map(({ name }) => name).join(', ')}`)
      })
    },
    clear: () => {
      for (const list of [spans, records, requests]) list.length = 0
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface ExportRequest {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[] }[]
  readonly resourceLogs?: readonly { readonly scopeLogs: readonly { readonly logRecords: readonly WireRecord[] }[] }[]
}

/** opentelemetry-proto, logs/v1/logs.proto. */
interface WireRecord extends Pick<WireSpan, 'attributes'> {
  readonly timeUnixNano: string
  readonly severityNumber: number
  readonly eventName: string
  readonly body: { readonly stringValue: string }
}

/** opentelemetry-proto, trace/v1/trace.proto, in OTLP's JSON form: ids in hex, 64-bit numbers as text. */
interface WireSpan extends Pick<CollectedSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'traceState' | 'name' | 'kind'> {
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code?: number }
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
}

function readSpans({ resourceSpans = [] }: ExportRequest): CollectedSpan[] {
  return resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(({ startTimeUnixNano, endTimeUnixNano, status, attributes, ...span }) => ({
      ...span,
      start: BigInt(startTimeUnixNano),
      end: BigInt(endTimeUnixNano),
      status: status.code ?? 0,
      fields: fieldsOf(attributes),
    }))
}

function readRecords({ resourceLogs = [] }: ExportRequest): CollectedRecord[] {
  return resourceLogs
    .flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
    .map(({ timeUnixNano, severityNumber, eventName, body, attributes }) => ({
      eventName,
      severity: severityNumber,
      body: body.stringValue,
      time: BigInt(timeUnixNano),
      fields: fieldsOf(attributes),
    }))
}

function fieldsOf(attributes: WireSpan['attributes']): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
