/** Headers that repeat what a request says, so that proxies need not read it: MCP 2026-07-28, Streamable HTTP, standard request headers. */
import { type MessageHead, revisionOf } from './message-head.ts'

/** None for messages of the revisions with a handshake. */
export function standardHeaders(head: MessageHead): Record<string, string> {
  const { method, id, params } = head
  const version = revisionOf(head)
  if (version === undefined || method === undefined || id === undefined) return {}
  const field = Object.hasOwn(NAMED, method) ? NAMED[method as keyof typeof NAMED] : undefined
  const name = field === undefined ? undefined : params[field]
  return {
    'mcp-protocol-version': headerValue(version),
    'mcp-method': headerValue(method),
    ...(name === undefined ? {} : { 'mcp-name': headerValue(name) }),
  }
}

/** As it is, or in base64 where a header could not hold it unchanged. */
function headerValue(text: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text)
  return plain ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`
}

const NAMED = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
} as const
