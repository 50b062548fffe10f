/** Hosts as others build them: the protocol's official client, in either era, over a process of ours. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Client, type ClientOptions, StreamableHTTPClientTransport, type Tool } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { nextLine } from './lines.ts'
import { LAUNCHER, PROJECT } from './sealstone.ts'

export type Era = 'handshake' | '2026-07-28'

export const ERAS: readonly Era[] = ['handshake', '2026-07-28']

export interface Answer {
  readonly isError: boolean
  /** What a host that knows schemas reads. */
  readonly structured: Record<string, unknown> | undefined
  /** What every host reads. */
  readonly text: string
}

export interface Host extends AsyncDisposable {
  readonly client: Client
  readonly pid: number | null
  tools(): Promise<readonly Tool[]>
  call(name: string, args?: Record<string, unknown>, options?: Parameters<Client['callTool']>[1]): Promise<Answer>
  /** Standard error of the server so far. */
  log(): string
}

/** Starts `sealstone mcp serve ARGS…` and connects to it over its standard streams. */
export async function startMcp(
  args: readonly string[],
  options: { readonly era?: Era; readonly home?: string; readonly client?: ClientOptions; readonly prepare?: (client: Client) => void } = {},
): Promise<Host> {
  const { era = '2026-07-28', home = '/dev/null/sealstone' } = options
  const transport = new StdioClientTransport({
    command: LAUNCHER,
    args: ['mcp', 'serve', ...args],
    cwd: PROJECT,
    env: { ...environment(), SEALSTONE_HOME: home },
    stderr: 'pipe',
  })
  let log = ''
  transport.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const client = new Client({ name: 'test-host', version: '1' }, { ...options.client, ...negotiation(era) })
  options.prepare?.(client)
  await client.connect(transport)
  return { ...hostOf(client), pid: transport.pid, log: () => log }
}

/** Starts `sealstone mcp serve --listen 127.0.0.1:0 ARGS…`; its URL is known when it serves. */
export async function listenMcp(
  args: readonly string[],
  home = '/dev/null/sealstone',
): Promise<{ readonly url: string; stop(): Promise<number | null> } & AsyncDisposable> {
  const child = spawn(LAUNCHER, ['mcp', 'serve', '--listen', '127.0.0.1:0', '--json', ...args], {
    cwd: PROJECT,
    env: { ...environment(), SEALSTONE_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code ?? null)
  const line = await nextLine(child.stdout)
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM')
    return ended
  }
  return { url: (JSON.parse(line) as { url: string }).url, stop, [Symbol.asyncDispose]: async () => void (await stop()) }
}

export async function connectMcp(url: string, era: Era): Promise<Omit<Host, 'pid' | 'log'>> {
  const client = new Client({ name: 'test-host', version: '1' }, negotiation(era))
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  return hostOf(client)
}

function negotiation(era: Era): ClientOptions {
  return { versionNegotiation: { mode: era === 'handshake' ? 'legacy' : { pin: '2026-07-28' } } }
}

function hostOf(client: Client): Omit<Host, 'pid' | 'log'> {
  return {
    client,
    tools: async () => (await client.listTools()).tools,
    call: async (name, args = {}, options) => {
      const result = await client.callTool({ name, arguments: args }, options)
      const [first] = result.content
      return {
        isError: result.isError === true,
        structured: result.structuredContent as Answer['structured'],
        text: first?.type === 'text' ? first.text : '',
      }
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

function environment(): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR } = process.env
  return { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }) }
}
