/** Headers of 2026-07-28 that repeat what a request says: whoever reads only them must see the request that we see. */
import type { IncomingMessage } from 'node:http'
import { type MessageHead, standardHeaders } from '#upstream'

/** What is wrong with them, in words. MCP 2026-07-28, Streamable HTTP: a server must refuse a request whose headers say something else. */
export function headerFault({ headers }: IncomingMessage, head: MessageHead): string | undefined {
  for (const [name, value] of Object.entries(standardHeaders(head))) {
    const given = headers[name]
    if (given === undefined) return `the header ${name} is missing`
    if (given !== value && decoded(given) !== decoded(value)) return `the header ${name} does not say what the message does`
  }
  return undefined
}

/** A value may be in base64 also where it need not be. */
function decoded(value: string | string[]): string {
  const [, base64] = /^=\?base64\?(.*)\?=$/.exec(String(value)) ?? []
  return base64 === undefined ? String(value) : Buffer.from(base64, 'base64').toString('utf8')
}
