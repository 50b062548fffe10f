/** Passes a server's answer on to a host over HTTP, byte for byte, as far as the guard lets it through. */
import { once } from 'node:events'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { SealstoneError, toSealstoneError } from '#core'
import { EventStreamFramer, type HttpAnswer, type Incoming, type MessageHead, MessageFramer, serverFault, type UpstreamLimits } from '#upstream'
import { failedAnswer } from './answers.ts'
import type { HttpSession } from './http-session.ts'

export interface Exchange {
  readonly session: HttpSession
  readonly limits: UpstreamLimits
  /** What was asked. Missing for notifications, and for streams on which nothing was. */
  readonly asked?: { readonly id: string; readonly method: string }
}

/** Resolves when all was passed on. Where something may not pass, the host gets an error in its place, or a connection that breaks. */
export async function passAnswer(answer: HttpAnswer, exchange: Exchange, response: ServerResponse): Promise<void> {
  const { status, headers, body } = answer
  const type = mediaType(headers['content-type'])
  try {
    if (type === EVENTS && status < 300) await passEvents(answer, exchange, response)
    else if (type === 'application/json' && status < 300) await passMessage(answer, exchange, response)
    else await passAsItIs(answer, response)
  } catch (error) {
    fail(exchange, response, toSealstoneError(error, 'MCP_SERVER_UNAVAILABLE', 'the answer of the MCP server broke off'))
  } finally {
    body.destroy()
    if (exchange.asked !== undefined) exchange.session.pending.delete(exchange.asked.id)
  }
}

export function isEventStream(contentType: string | undefined): boolean {
  return mediaType(contentType) === EVENTS
}

/** A message of ours, on one line, as an event. */
export function eventOf(message: Uint8Array): string {
  return `event: message\ndata: ${Buffer.from(message).toString('utf8')}\n\n`
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

/** The answers of a status of failure are read by no host as the result of a call. */
async function passAsItIs({ status, headers, body }: HttpAnswer, response: ServerResponse): Promise<void> {
  response.writeHead(status, passedHeaders(headers))
  for await (const chunk of body) await put(response, chunk as Uint8Array)
  response.end()
}

async function passMessage({ status, headers, body }: HttpAnswer, exchange: Exchange, response: ServerResponse): Promise<void> {
  const framer = new MessageFramer(framing(exchange))
  const begin = (): void => {
    if (!response.headersSent) response.writeHead(status, passedHeaders(headers))
  }
  for await (const chunk of body) {
    const incoming = framer.feed(chunk as Uint8Array)
    if (incoming === undefined) continue
    begin()
    await put(response, incoming.bytes)
  }
  const last = framer.finish(new Uint8Array(0))
  const replacement = last === undefined ? undefined : await judge(last, exchange)
  begin()
  response.end(replacement ?? last?.bytes)
}

/** A chunk is passed on once every message that ends in it was judged: what has no end yet is no message to the host. */
async function passEvents({ status, headers, body }: HttpAnswer, exchange: Exchange, response: ServerResponse): Promise<void> {
  const framer = new EventStreamFramer(framing(exchange))
  response.writeHead(status, passedHeaders(headers))
  response.flushHeaders()
  for await (const chunk of body) {
    for (const event of framer.push(chunk as Uint8Array)) {
      if (event.kind !== 'message') continue
      const replacement = await judge(event.incoming, exchange)
      if (replacement === undefined) continue
      response.end(eventOf(replacement))
      return
    }
    await put(response, chunk as Uint8Array)
  }
  response.end()
}

/** What the host gets instead of the answer. Throws where there is nothing to put in its place. */
async function judge({ head, bytes, part }: Incoming, exchange: Exchange): Promise<Uint8Array | undefined> {
  if (part === 'next') return undefined
  if (head.method !== undefined) return await judgeServerMessage(head, exchange)
  if (part === 'first') return undefined // its id may come last
  const { asked, session } = exchange
  const mine = head.id !== undefined && (head.id === asked?.id || session.pending.has(head.id))
  if (!mine) throw serverFault('the server answered what was not asked')
  if (asked === undefined || head.id !== asked.id || !session.guard.looksAtAnswer(asked.method)) return undefined
  const ruling = session.guard.onIdentity(asked.method, head, bytes)
  return ruling.kind === 'answer' ? ruling.message : undefined
}

async function judgeServerMessage(head: MessageHead, { session, asked }: Exchange): Promise<undefined> {
  const ruling = session.guard.onServerMessage(head)
  // Nothing can be known before the host has the answer for which it waits.
  if (ruling instanceof Promise && asked !== undefined && session.guard.looksAtAnswer(asked.method)) {
    void ruling
    throw serverFault('the server sends other messages before it said who it is')
  }
  const { kind } = await ruling
  if (kind !== 'pass') throw new SealstoneError('MCP_BLOCKED', 'the MCP server does not offer what was approved, so nothing of it passes')
  return undefined
}

/** An answer at which the guard looks is held whole. */
function framing({ session, limits, asked }: Exchange): { heldBytes: number; streamedBytes: number; depth: number } {
  const { messageBytes, heldBytes, streamedBytes, depth } = limits
  const whole = asked !== undefined && session.guard.looksAtAnswer(asked.method)
  return whole ? { heldBytes: messageBytes, streamedBytes: messageBytes, depth } : { heldBytes, streamedBytes, depth }
}

function fail({ asked }: Exchange, response: ServerResponse, error: SealstoneError): void {
  if (response.destroyed || response.writableEnded) return
  const message = failedAnswer(asked?.id ?? 'null', error)
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' }).end(message)
  else if (String(response.getHeader('content-type')).startsWith(EVENTS) && asked !== undefined) {
    response.end(`\n\n${eventOf(message)}`)
  } else response.destroy()
}

async function put(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  if (response.destroyed) throw new SealstoneError('CANCELLED', 'the host has gone')
  if (bytes.length > 0 && !response.write(bytes)) await Promise.race([once(response, 'drain'), once(response, 'close')])
}

/** Without those that are about the connection to the server alone (RFC 9110 §7.6.1). */
function passedHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined && !OF_THE_CONNECTION.has(name)) passed[name] = value
  return passed
}

const EVENTS = 'text/event-stream'
const OF_THE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'content-length',
  'upgrade',
])
