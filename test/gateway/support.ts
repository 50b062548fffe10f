/** A gateway in this process between an official SDK client and a server's process. */
import { once } from 'node:events'
import { join } from 'node:path'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import { Client, type ClientOptions } from '@modelcontextprotocol/client'
import type { JsonObject } from '#core'
import {
  type Approval,
  type FleetGatewayOptions,
  type GatewayDecision,
  type HeldServer,
  HOSTING_LIMITS,
  type HostingLimits,
  type HttpGateway,
  type Mode,
  runFleetGateway,
  runHttpGateway,
  runStdioGateway,
} from '#gateway'
import { offerDigest } from '#toolsets'
import { connectUpstream, fetchOffer, type UpstreamLimits, type UpstreamTarget } from '#upstream'
import type { Change, Eras } from './fixture.ts'

export type JsonRpc = {
  id?: number | string | null
  method?: string
  params?: unknown
  result?: Record<string, unknown>
  error?: { code: number; message: string; data?: Record<string, unknown> }
}

export function fixture(change: Change = 'none', eras: Eras = 'both'): UpstreamTarget {
  return { command: process.execPath, args: [join(import.meta.dirname, 'fixture.ts'), change, eras] }
}

/** What the server offers now to a host of these capabilities, approved. */
export async function approve(target: UpstreamTarget, capabilities: JsonObject = {}): Promise<Approval> {
  await using upstream = await connectUpstream(target, { capabilities })
  const { offer } = await fetchOffer(upstream)
  return { offer, digest: offerDigest(offer), source: 'the test' }
}

export interface TestGateway extends AsyncDisposable {
  readonly input: Writable
  readonly output: Readable
  readonly decisions: GatewayDecision[]
  readonly notes: string[]
  /** Settles as runStdioGateway does. */
  readonly done: Promise<void>
}

export function startGateway(target: UpstreamTarget, approval: Approval | undefined, mode: Mode = 'enforce', limits?: UpstreamLimits): TestGateway {
  const held = { target, mode, ...(approval === undefined ? {} : { approval }), ...(limits === undefined ? {} : { limits }) }
  return start((front) => runStdioGateway({ ...held, ...front }))
}

/** One gateway before all of these, by their names. */
export function startFleet(servers: Readonly<Record<string, HeldServer>>): TestGateway {
  const named = Object.entries(servers).map(([name, server]) => ({ name, ...server }))
  return start((front) => runFleetGateway({ servers: named, version: '1', ...front }))
}

export function held(target: UpstreamTarget, approval: Approval): HeldServer {
  return { target, mode: 'enforce', approval }
}

type Front = Omit<FleetGatewayOptions, 'servers' | 'version'>

function start(run: (front: Front) => Promise<void>): TestGateway {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const decisions: GatewayDecision[] = []
  const notes: string[] = []
  const stop = new AbortController()
  const done = run({
    report: (decision) => void decisions.push(decision),
    input,
    output,
    onErrorLine: (line) => void notes.push(line),
    note: (text) => void notes.push(text),
    signal: stop.signal,
  })
  done.catch(() => {}) // judged by the tests that expect it
  const dispose = async (): Promise<void> => {
    stop.abort()
    await done.catch(() => {})
  }
  return { input, output, decisions, notes, done, [Symbol.asyncDispose]: dispose }
}

/** A host that writes lines itself. */
export class RawHost {
  readonly #gateway: Pick<TestGateway, 'input' | 'output'>
  readonly #lines: AsyncGenerator<string>
  /** What came that was no answer that was waited for. */
  readonly others: JsonRpc[] = []

  constructor(gateway: Pick<TestGateway, 'input' | 'output'>) {
    this.#gateway = gateway
    this.#lines = linesOf(gateway.output)
  }

  async send(message: object | string): Promise<void> {
    const text = typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })
    if (!this.#gateway.input.write(`${text}\n`)) await once(this.#gateway.input, 'drain')
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('the gateway has closed its output')
    return value
  }

  async request(id: number | string, method: string, params: object = {}): Promise<JsonRpc> {
    await this.send({ id, method, params })
    return await this.answer(id)
  }

  async answer(id: number | string | null): Promise<JsonRpc> {
    for (;;) {
      const message = JSON.parse(await this.line()) as JsonRpc
      if (message.id === id && message.method === undefined) return message
      this.others.push(message)
    }
  }

  /** A request of 2026-07-28, which says itself who asks. */
  async modern(id: number | string, method: string, params: object = {}, meta: object = {}): Promise<JsonRpc> {
    return await this.request(id, method, enveloped(params, meta))
  }

  async initialize(): Promise<JsonRpc> {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'host', version: '1' } }
    const answer = await this.request(0, 'initialize', params)
    await this.send({ method: 'notifications/initialized' })
    return answer
  }
}

export function enveloped(params: object = {}, meta: object = {}): object {
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'host', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return { ...params, _meta: { ...envelope, ...meta } }
}

/** The official client on the gateway's streams. */
export async function connectClient(
  gateway: TestGateway,
  mode: 'legacy' | 'auto' = 'legacy',
  options: ClientOptions = {},
  prepare: (client: Client) => void = () => {},
): Promise<Client> {
  const client = new Client({ name: 'host', version: '1' }, { ...options, versionNegotiation: { mode } })
  prepare(client)
  await client.connect(clientTransport(gateway))
  return client
}

export function clientTransport(gateway: TestGateway): Transport {
  return new StreamTransport(gateway)
}

type Transport = Parameters<Client['connect']>[0]
type Handler = NonNullable<Transport['onmessage']>

class StreamTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: Handler
  readonly #gateway: TestGateway

  constructor(gateway: TestGateway) {
    this.#gateway = gateway
  }

  async start(): Promise<void> {
    void this.#read()
  }

  async send(message: unknown): Promise<void> {
    this.#gateway.input.write(`${JSON.stringify(message)}\n`)
  }

  async close(): Promise<void> {
    this.#gateway.input.end()
    this.onclose?.()
  }

  async #read(): Promise<void> {
    for await (const line of linesOf(this.#gateway.output)) this.onmessage?.(JSON.parse(line) as Parameters<Handler>[0])
  }
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let held: Buffer[] = []
  for await (const piece of stream) {
    let chunk = piece as Buffer
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a)) {
      yield Buffer.concat([...held, chunk.subarray(0, end)]).toString('utf8')
      held = []
      chunk = chunk.subarray(end + 1)
    }
    if (chunk.length > 0) held.push(chunk)
  }
}

export interface ListeningGateway extends HttpGateway {
  readonly decisions: GatewayDecision[]
  readonly notes: string[]
}

/** A gateway for hosts over HTTP. @param options `approved`: the server whose offer was approved, if it is another one */
export async function listening(
  target: UpstreamTarget,
  options: { approved?: UpstreamTarget; approval?: Approval; mode?: Mode; limits?: UpstreamLimits; hosting?: Partial<HostingLimits> } = {},
): Promise<ListeningGateway> {
  const { approved = target, mode = 'enforce', limits, hosting } = options
  const approval = mode === 'enforce' ? (options.approval ?? (await approve(approved))) : undefined
  const decisions: GatewayDecision[] = []
  const notes: string[] = []
  const gateway = await runHttpGateway({
    target,
    mode,
    ...(approval === undefined ? {} : { approval }),
    ...(limits === undefined ? {} : { limits }),
    hosting: { ...HOSTING_LIMITS, ...hosting },
    report: (decision) => void decisions.push(decision),
    onErrorLine: (line) => void notes.push(line),
    note: (text) => void notes.push(text),
    host: '127.0.0.1',
    port: 0,
  })
  return { ...gateway, decisions, notes }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A session as a host begins it that writes its messages itself. @returns its id */
export async function rawSession(gateway: ListeningGateway, headers: Record<string, string> = {}): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'host', version: '1' } }
  const answer = await post(gateway, { id: 0, method: 'initialize', params }, headers)
  await answer.text()
  return answer.headers.get('mcp-session-id') ?? ''
}

/** One message over HTTP. */
export async function post({ url }: ListeningGateway, message: object, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(url, {
    method: 'POST',
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  })
}

/** Nobody is told. */
export const SILENT = { report: () => {}, onErrorLine: () => {}, note: () => {} }
