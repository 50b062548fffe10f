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
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw serverFault('the server sends encoded content, which was not asked for')
    if (type === EVENTS && status < 300) await passEvents(answer, exchange, response)
    else if (type === 'application/json' && status < 300) await passMessage(answer, exchange, response)
    else await passStatus(answer, exchange.asked, response)
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

/**
 * No host reads a status of failure as the result of a call. What else is neither JSON nor a stream of events, hosts may take for either: they
 * look for a part of the media type only, and follow a redirect past the gateway.
 */
async function passStatus({ status, headers, body }: HttpAnswer, asked: Exchange['asked'], response: ServerResponse): Promise<void> {
  if (status < 300 && asked === undefined) return void response.writeHead(status).end()
  if (status < 400) throw serverFault(`the server answered with HTTP status ${status} and neither JSON nor a stream of events`)
  const { 'content-type': type, ...others } = passedHeaders(headers)
  const isHarmless = mediaType(headers['content-type']) === 'application/json'
  response.writeHead(status, isHarmless && type !== undefined ? { ...others, 'content-type': type } : others)
  if (isHarmless) for await (const chunk of body) await put(response, chunk as Uint8Array)
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

/**
 * The events are written anew, for two readers may find other ones in the same bytes (a byte order mark, an event without its end). A message
 * is written once it was judged, but for the pieces of a long one, which is none until its end.
 */
async function passEvents({ status, headers, body }: HttpAnswer, exchange: Exchange, response: ServerResponse): Promise<void> {
  const framer = new EventStreamFramer(framing(exchange))
  response.setHeader('content-type', EVENTS) // what writeHead alone is told cannot be asked for later
  response.writeHead(status, { ...passedHeaders(headers), 'content-type': EVENTS })
  response.flushHeaders()
  let fields = ''
  for await (const chunk of body) {
    for (const event of framer.push(chunk as Uint8Array)) {
      if (event.kind === 'id') fields += `id: ${event.id}\n`
      else if (event.kind === 'retry') fields += `retry: ${event.ms}\n`
      else if (event.kind === 'blank') {
        await put(response, Buffer.from(event.hasData ? `${fields}data: \n\n` : `${fields}:\n\n`))
        fields = ''
      } else {
        const { part, bytes } = event.incoming
        const replacement = await judge(event.incoming, exchange).catch((error: unknown) => {
          if (part !== 'whole') response.destroy() // an end would make a message of its pieces
          throw error
        })
        if (replacement !== undefined) return void response.end(eventOf(replacement))
        const begins = part === 'whole' || part === 'first'
        if (begins) await put(response, Buffer.from(`${fields}event: message\ndata: `))
        if (begins) fields = ''
        await put(response, bytes)
        if (part === 'whole' || part === 'last') await put(response, EVENT_END)
      }
    }
    if (fields.length > MOST_FIELDS) throw serverFault('an event stream has too many fields without an event')
  }
  if (framer.isWithin) return void response.destroy()
  response.end()
}

/** What the host gets instead of the answer. Throws where there is nothing to put in its place. */
async function judge({ head, bytes, part }: Incoming, exchange: Exchange): Promise<Uint8Array | undefined> {
  if (part === 'next') return undefined
  if (head.method !== undefined) return await judgeServerMessage(head, exchange)
  if (part === 'first') return undefined // its id may come last
  const { asked, session } = exchange
  const { id = '' } = head
  const method = id === asked?.id ? asked.method : session.pending.get(id)
  if (method === undefined) throw serverFault('the server answered what was not asked')
  if (!session.guard.looksAtAnswer(method)) return undefined
  if (id !== asked?.id || part !== 'whole') throw serverFault(`the answer to ${method} is not where it was asked for`)
  const ruling = session.guard.onIdentity(method, head, bytes)
  return ruling.kind === 'answer' ? ruling.message : undefined
}

async function judgeServerMessage(head: MessageHead, { session, asked }: Exchange): Promise<undefined> {
  const ruling = session.guard.onServerMessage(head)
  // Nothing can be known before the host has the answer for which it waits.
  if (ruling instanceof Promise && asked !== undefined && session.guard.looksAtAnswer(asked.method)) {
    void ruling
    throw serverFault('the server sends other messages before it said who it is')
  }
  const settled = await ruling
  // Another stream waits with the same news: this one has its own host to tell.
  const { kind } = settled.kind === 'drop' && settled.like !== undefined ? await settled.like : settled
  if (kind !== 'pass') throw new SealstoneError('MCP_BLOCKED', 'the MCP server does not offer what was approved, so nothing of it passes')
  return undefined
}

/** An answer at which the guard looks is held whole. */
function framing({ session, limits, asked }: Exchange): { heldBytes: number; streamedBytes: number; depth: number } {
  const { messageBytes, heldBytes, streamedBytes, depth } = limits
  const whole = asked !== undefined && session.guard.looksAtAnswer(asked.method)
  return whole ? { heldBytes: messageBytes, streamedBytes: messageBytes, depth } : { heldBytes, streamedBytes, depth }
}

/** Without a byte of the answer that is held back. */
function fail({ asked }: Exchange, response: ServerResponse, error: SealstoneError): void {
  if (response.destroyed || response.writableEnded) return
  const message = failedAnswer(asked?.id ?? 'null', error)
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' }).end(message)
  else if (String(response.getHeader('content-type')).startsWith(EVENTS) && asked !== undefined) {
    response.end(eventOf(message)) // nothing of an event was written that has no end
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
const EVENT_END = Buffer.from('\n\n')
const MOST_FIELDS = 64 * 1024
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
