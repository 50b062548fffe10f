/**
 * What `sealstone mcp gateway` costs: latency of a call over a bare proxy that copies bytes, calls per second, and its start with a signed manifest of 50
 * tools over the start of the server alone. All in turn within one run. `node test/bench/mcp-gateway.ts [CALLS]`, 2,000 unless said.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { initHome, LAUNCHER, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const ROLE = process.argv[2]
const ROUNDS = 15
const RATE_MS = 3000

async function measure(calls: number): Promise<void> {
  using folder = temporaryFolder()
  const manifest = join(folder.path, 'bench.mcp.hybrid.sig')
  using home = await initHome()
  const server = [process.execPath, import.meta.filename, 'server']
  {
    await using _ = await startDaemon(home.home)
    await runOk(['mcp', 'sign', '--out', manifest, '--', ...server], home)
  }
  const environment = { ...process.env, SEALSTONE_HOME: home.home }
  const ways = {
    server: () => new Host(server, environment),
    proxy: () => new Host([process.execPath, import.meta.filename, 'proxy'], environment),
    gateway: () => new Host([LAUNCHER, 'mcp', 'gateway', '--manifest', manifest, '--', ...server], environment),
  }
  const [bare, guarded] = [ways.proxy(), ways.gateway()]
  await Promise.all([bare.start(), guarded.start()])
  const latencies: { proxy: number[]; gateway: number[] } = { proxy: [], gateway: [] }
  for (let call = 0; call < calls; call++) {
    latencies.proxy.push(await timed(() => bare.call()))
    latencies.gateway.push(await timed(() => guarded.call()))
  }
  row('call through a bare proxy, p50', `${quantile(latencies.proxy, 0.5).toFixed(3)} ms`)
  row('call through the gateway, p50', `${quantile(latencies.gateway, 0.5).toFixed(3)} ms`)
  row('added, p50', `${(quantile(latencies.gateway, 0.5) - quantile(latencies.proxy, 0.5)).toFixed(3)} ms`)
  row('added, p99', `${(quantile(latencies.gateway, 0.99) - quantile(latencies.proxy, 0.99)).toFixed(3)} ms`)
  const rates = { proxy: [await rate(bare), await rate(bare)], gateway: [await rate(guarded), await rate(guarded)] }
  row('calls/s through a bare proxy, 32 at a time', String(Math.round(Math.max(...rates.proxy))))
  row('calls/s through the gateway, 32 at a time', String(Math.round(Math.max(...rates.gateway))))
  await Promise.all([bare.close(), guarded.close()])
  const starts: { server: number[]; gateway: number[] } = { server: [], gateway: [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of ['server', 'gateway'] as const) {
      const host = ways[way]()
      starts[way].push(await timed(() => host.start()))
      await host.close()
    }
  }
  row('start of the server until it has listed 50 tools, p50', `${quantile(starts.server, 0.5).toFixed(0)} ms`)
  row('start of the gateway and the server until then, p50', `${quantile(starts.gateway, 0.5).toFixed(0)} ms`)
  row('added, p50', `${(quantile(starts.gateway, 0.5) - quantile(starts.server, 0.5)).toFixed(0)} ms`)
}

/** A host that speaks as little as it must. */
class Host {
  readonly #child: ChildProcess & { stdin: NonNullable<ChildProcess['stdin']>; stdout: NonNullable<ChildProcess['stdout']> }
  readonly #waiting = new Map<number, (line: string) => void>()
  #next = 0

  constructor([command = '', ...args]: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
    onLines(this.#child.stdout, (line) => {
      const { id } = JSON.parse(line) as { id: number }
      this.#waiting.get(id)?.(line)
      this.#waiting.delete(id)
    })
  }

  async start(): Promise<void> {
    await this.#ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } })
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
    const listed = JSON.parse(await this.#ask('tools/list', {})) as { result?: { tools: unknown[] } }
    if (listed.result?.tools.length !== 50) throw new Error(`want 50 tools, got ${JSON.stringify(listed).slice(0, 500)}`)
  }

  async call(): Promise<void> {
    const answer = await this.#ask('tools/call', { name: 'tool-7', arguments: { text: 'hello' } })
    if (!answer.includes('hello')) throw new Error(answer)
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#child.once('exit', () => resolve())
    this.#child.stdin.end()
    await promise
  }

  #ask(method: string, params: object): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    const id = this.#next++
    this.#waiting.set(id, resolve)
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    return promise
  }
}

async function rate(host: Host): Promise<number> {
  const end = performance.now() + RATE_MS
  let done = 0
  const worker = async (): Promise<void> => {
    for (; performance.now() < end; done++) await host.call()
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  return (done / RATE_MS) * 1000
}

/** Copies bytes both ways and looks at none. */
function proxy(): void {
  const child = spawn(process.execPath, [import.meta.filename, 'server'], { stdio: ['pipe', 'pipe', 'inherit'] })
  process.stdin.pipe(child.stdin)
  child.stdout.pipe(process.stdout)
}

function serve(): void {
  const tools = Array.from({ length: 50 }, (_, at) => ({
    name: `tool-${at}`,
    description: `Says again what it was told, as number ${at} of them.`,
    inputSchema: { type: 'object', properties: { text: { type: 'string', description: 'what to say' } }, required: ['text'] },
  }))
  const results: Record<string, (params: { arguments: { text: string } }) => object> = {
    initialize: () => ({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'bench', version: '1' } }),
    'tools/list': () => ({ tools }),
    'tools/call': (params) => ({ content: [{ type: 'text', text: params.arguments.text }] }),
  }
  onLines(process.stdin, (line) => {
    const { id, method, params } = JSON.parse(line) as { id?: number; method: string; params: { arguments: { text: string } } }
    if (id !== undefined) process.stdout.write(`${JSON.stringify({ result: results[method]?.(params) ?? {}, jsonrpc: '2.0', id })}\n`)
  })
}

function onLines(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let held = ''
  stream.on('data', (chunk: Buffer) => {
    const lines = (held + chunk.toString('utf8')).split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

function quantile(values: readonly number[], part: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length * part)] ?? Number.NaN
}

function row(what: string, value: string): void {
  console.log(`| ${what} | ${value} |`)
}

if (ROLE === 'server') serve()
else if (ROLE === 'proxy') proxy()
else await measure(Number(ROLE ?? 2000))
