/** Scripted servers of one era, for fleets in which both are mixed. */
import type { UpstreamTarget } from '#upstream'
import { scriptedServer } from '../upstream/support.ts'

/** A server of 2026-07-28 alone, each result of which is what `body` sends. */
export function newServer(body: string, capabilities = '{ tools: { listChanged: true } }'): UpstreamTarget {
  const answer = `const complete = (result) => send({ id: message.id, result: { resultType: 'complete', ...result } });
    if (message.method === 'server/discover') return void complete({ supportedVersions: ['2026-07-28'], capabilities: ${capabilities}, ttlMs: 0, cacheScope: 'public',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'scripted', version: '1' } } });`
  const { command: node, args: all } = scriptedServer(`${answer} ${body}`)
  const refusing = (all[1] ?? '').replace(
    'void send({ id: message.id, result: identity })',
    `void send({ id: message.id, error: { code: -32022, message: 'no' } })`,
  )
  return { command: node, args: ['-e', refusing] }
}

export const TOOLS = `if (message.method === 'tools/list') return void complete({ tools: [{ name: 'go', inputSchema: { type: 'object' }, ...(globalThis.more ?? {}) }], ttlMs: globalThis.ttlMs ?? 60000, cacheScope: 'public' });`
export const OLD_TOOLS = `if (message.method === 'server/discover') return void send({ id: message.id, error: { code: -32601, message: 'no' } }); if (message.method === 'tools/list') return void send({ id: message.id, result: { tools: [{ name: 'go', inputSchema: { type: 'object' }, ...(globalThis.more ?? {}) }] } });`
