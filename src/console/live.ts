/** Tells open pages of each new checkpoint, and of each that witnesses cosigned, as server-sent events. */
import type { ServerResponse } from 'node:http'
import type { ConsoleLog } from './ports.ts'

/** Both cost nothing: they are asked some times a second while a page is open. */
export type LiveLog = Pick<ConsoleLog, 'checkpoint' | 'cosigned'>

export class Live {
  readonly #log: LiveLog
  /** Each with whether its session is still open. */
  readonly #listeners = new Map<ServerResponse, () => boolean>()
  #timer: NodeJS.Timeout | undefined
  #told: Readonly<Record<keyof LiveLog, string | undefined>> = { checkpoint: undefined, cosigned: undefined }
  #quiet = 0

  constructor(log: LiveLog) {
    this.#log = log
  }

  /** False where too many listen already; nothing was written then. Ends when `isOpen` says no. */
  add(response: ServerResponse, headers: Readonly<Record<string, string>>, isOpen: () => boolean): boolean {
    if (this.#listeners.size >= MOST_LISTENERS) return false
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' })
    response.write(EVENTS.map((name) => event(name, this.#log[name]())).join(''))
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
    const now = { checkpoint: this.#log.checkpoint(), cosigned: this.#log.cosigned() }
    this.#quiet += LOOK_MS
    const changed = EVENTS.filter((name) => now[name] !== this.#told[name])
    if (changed.length === 0 && this.#quiet < HEARTBEAT_MS) return
    this.#quiet = 0
    this.#told = now
    const text = changed.length === 0 ? ': still here\n\n' : changed.map((name) => event(name, now[name])).join('')
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

function event(name: keyof LiveLog, note: string | undefined): string {
  return `event: ${name}\ndata: ${JSON.stringify(note ?? null)}\n\n`
}

/** In this order: what is cosigned is judged by what is newest. */
const EVENTS = ['checkpoint', 'cosigned'] as const satisfies readonly (keyof LiveLog)[]

const LOOK_MS = 250
const HEARTBEAT_MS = 15_000
const MOST_LISTENERS = 32
const MAX_UNREAD = 256 * 1024
