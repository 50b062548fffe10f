/** One answer to a host over HTTP: plain JSON where it is all there is to say, a stream of events from the first other message on. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventOf } from './http-answer.ts'

export class HostReply {
  /** Resolves once nothing more can be said here. */
  readonly closed: Promise<void>
  readonly #response: ServerResponse
  readonly #takesEvents: boolean
  readonly #keepAlive: NodeJS.Timeout
  #isStream = false
  /** A long answer has begun. */
  #isWithin = false

  constructor({ headers }: IncomingMessage, response: ServerResponse, keepAliveMs = KEEP_ALIVE_MS) {
    this.#response = response
    this.#takesEvents = headers.accept?.includes(EVENTS) === true
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    // A host that has gone is found out, and one that waits for an answer does not take silence for the end.
    this.#keepAlive = setInterval(() => this.#beat(), keepAliveMs)
    this.#keepAlive.unref()
    response.once('close', () => {
      clearInterval(this.#keepAlive)
      resolve()
    })
  }

  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded
  }

  /** Something besides the answer can be said here. */
  get takesEvents(): boolean {
    return this.isOpen && this.#takesEvents && !this.#isWithin && (!this.#response.headersSent || this.#isStream)
  }

  /** Begins a stream of events, so that the host knows of it. */
  open(): void {
    if (!this.isOpen || this.#response.headersSent) return
    this.#isStream = true
    this.#response.writeHead(200, { 'content-type': EVENTS, 'cache-control': 'no-cache' })
    this.#response.flushHeaders()
  }

  /** @param message of ours or of the server, on one line. Only where events are taken. */
  event(message: Uint8Array): void {
    this.open()
    this.#put(eventOf(message))
  }

  /** The answer: nothing follows. */
  answer(message: Uint8Array, status = 200): void {
    if (!this.isOpen) return
    if (this.#isStream) this.#response.end(eventOf(message))
    else this.#response.writeHead(status, { 'content-type': 'application/json' }).end(message)
  }

  /** One that was set before it was known whether the answer is good. */
  dropHeader(name: string): void {
    if (!this.#response.headersSent) this.#response.removeHeader(name)
  }

  /** A piece of a long answer. Resolves when there is room for more; a host that takes nothing for long is cut off. */
  async part(bytes: Uint8Array): Promise<void> {
    if (!this.isOpen) return
    if (!this.#isWithin) {
      this.#isWithin = true
      if (this.#isStream) this.#response.write('event: message\ndata: ')
      else this.#response.writeHead(200, { 'content-type': 'application/json' })
    }
    if (this.#response.write(bytes)) return
    const done = new AbortController()
    const { signal } = done
    const moved = Promise.race([once(this.#response, 'drain', { signal }), once(this.#response, 'close', { signal })])
    const isLate = await Promise.race([moved.then(() => false), sleep(LONGEST_STALL_MS, true, { signal, ref: false })]).catch(() => false)
    done.abort()
    moved.catch(() => {})
    if (isLate) this.#response.destroy()
  }

  /** The last piece. */
  finish(bytes: Uint8Array): void {
    if (!this.isOpen) return
    this.#response.write(bytes)
    this.#response.end(this.#isStream ? '\n\n' : undefined)
  }

  /** No more messages come; one that has begun is broken off. */
  end(): void {
    if (!this.isOpen) return
    if (this.#isWithin || !this.#response.headersSent) this.#response.destroy()
    else this.#response.end()
  }

  #beat(): void {
    if (!this.takesEvents) return
    this.open()
    this.#put(':\n\n')
  }

  /** Not waited for, so that one host that reads nothing does not hold up others; nor is it held for without end. */
  #put(text: string): void {
    this.#response.write(text)
    if (this.#response.writableLength > MOST_UNREAD_BYTES) this.#response.destroy()
  }
}

const EVENTS = 'text/event-stream'
const KEEP_ALIVE_MS = 15_000
const LONGEST_STALL_MS = 10_000
const MOST_UNREAD_BYTES = 4 * 1024 * 1024
