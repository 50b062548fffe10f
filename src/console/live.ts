/** Tells open pages of each new checkpoint, as server-sent events. */
import type { ServerResponse } from 'node:http'

export class Live {
  readonly #checkpoint: () => string | undefined
  /** Each with whether its session is still open. */
  readonly #listeners = new Map<ServerResponse, () => boolean>()
  #timer: NodeJS.Timeout | undefined
  #told: string | undefined
  #quiet = 0

  /** @param checkpoint must cost nothing: it is asked some times a second while a page is open. */
  constructor(checkpoint: () => string | undefined) {
    this.#checkpoint = checkpoint
  }

  /** False where too many listen already; nothing was written then. Ends when `isOpen` says no. */
  add(response: ServerResponse, headers: Readonly<Record<string, string>>, isOpen: () => boolean): boolean {
    if (this.#listeners.size >= MOST_LISTENERS) return false
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' })
    response.write(event(this.#checkpoint()))
    this.#listeners.set(response, isOpen)
    response.once('close', () => this.#remove(response))
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref()
    return true
  }

  close(): void {
    for (const response of this.#listeners.keys()) response.end()
  }

  #look(): void {
    for (const [response, isOpen] of this.#listeners) if (!isOpen()) response.end()
    const checkpoint = this.#checkpoint()
    this.#quiet += LOOK_MS
    const isNew = checkpoint !== this.#told
    if (!isNew && this.#quiet < HEARTBEAT_MS) return
    this.#quiet = 0
    this.#told = checkpoint
    const text = isNew ? event(checkpoint) : ': still here\n\n'
    for (const response of this.#listeners.keys()) {
      if (response.writableEnded) continue
      // A page that does not read is not written to for ever.
      if (response.writableLength > MAX_UNREAD) response.destroy()
      else response.write(text)
    }
  }

  #remove(response: ServerResponse): void {
    this.#listeners.delete(response)
    if (this.#listeners.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

function event(checkpoint: string | undefined): string {
  return `event: checkpoint\ndata: ${JSON.stringify(checkpoint ?? null)}\n\n`
}

const LOOK_MS = 250
const HEARTBEAT_MS = 15_000
const MOST_LISTENERS = 32
const MAX_UNREAD = 256 * 1024
