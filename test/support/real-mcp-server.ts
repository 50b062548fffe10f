/** What a real MCP server says that it offers, asked by the protocol's own client library. */
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { JsonObject } from '#core'
import type { Offer } from '#toolsets'
import { PROJECT } from './sealstone.ts'

/** The command line of the protocol project's reference server, which uses every part of the protocol. */
export const EVERYTHING: readonly [string, ...string[]] = [
  process.execPath,
  join(PROJECT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js'),
  'stdio',
]

/** Its whole offer, as one page. */
export async function offerOfServer([command, ...args]: readonly [string, ...string[]]): Promise<Offer> {
  const client = new Client({ name: 'sealstone-test', version: '1.0.0' })
  await client.connect(new StdioClientTransport({ command, args, stderr: 'ignore' }))
  try {
    const plain = (value: unknown): JsonObject[] => JSON.parse(JSON.stringify(value)) as JsonObject[]
    const instructions = client.getInstructions()
    return {
      server: JSON.parse(JSON.stringify(client.getServerVersion())) as JsonObject,
      tools: plain((await client.listTools()).tools),
      prompts: plain((await client.listPrompts()).prompts),
      resources: plain((await client.listResources()).resources),
      resourceTemplates: plain((await client.listResourceTemplates()).resourceTemplates),
      ...(instructions === undefined ? {} : { instructions }),
    }
  } finally {
    await client.close()
  }
}
