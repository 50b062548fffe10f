/**
 * An MCP server on standard input and output that offers just what a file says, be it against every rule: so a test can change a server. Run as
 * `node test/support/offer-server.ts OFFER.json`; the file is read again for every list.
 */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

export const OFFER_SERVER = import.meta.filename

type Offered = { server: object; instructions?: string } & Record<string, unknown>

const LISTS: Readonly<Record<string, string>> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
}

function answer(method: string): object | undefined {
  const offered = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as Offered
  if (method === 'initialize') {
    const { server: serverInfo, instructions } = offered
    const capabilities = { tools: { listChanged: true }, prompts: {}, resources: {} }
    return { protocolVersion: '2025-11-25', capabilities, serverInfo, ...(instructions === undefined ? {} : { instructions }) }
  }
  if (method === 'tools/call') return { content: [{ type: 'text', text: 'called' }] }
  const list = LISTS[method]
  return list === undefined ? undefined : { [list]: offered[list] ?? [] }
}

async function serve(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method } = JSON.parse(line) as { id?: number | string; method: string }
    if (id === undefined) continue
    const result = answer(method)
    const rest = result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result }
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...rest })}\n`)
  }
}

if (process.argv[1] === OFFER_SERVER) await serve()
