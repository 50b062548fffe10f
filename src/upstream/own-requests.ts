/** Requests of ours that wait for their answers. */
import { isJsonObject, type JsonObject, parseStrictObject, SealstoneError } from '#core'
import { serverFault, type UpstreamLimits } from './limits.ts'
import { OwnIds } from './own-ids.ts'

export interface RequestOptions {
  /** Default: `requestMs` of the limits. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

interface Waiting {
  readonly method: string
  readonly resolve: (result: JsonObject) => void
  readonly reject: (error: SealstoneError) => void
}

export class OwnRequests {
  readonly #limits: UpstreamLimits
  readonly #waiting = new Map<string, Waiting>()
  readonly #ids = OwnIds.of()
  #failed: SealstoneError | undefined

  constructor(limits: UpstreamLimits) {
    this.#limits = limits
  }

  /** Sends through `send`, and waits. An error that the server answers becomes MCP_REQUEST_REFUSED; silence DEADLINE_EXCEEDED. */
  async ask(
    method: string,
    params: JsonObject | undefined,
    send: (message: Uint8Array) => Promise<void>,
    options: RequestOptions,
  ): Promise<JsonObject> {
    if (this.#failed !== undefined) throw this.#failed
    const id = this.#ids.next()
    const { promise, resolve, reject } = Promise.withResolvers<JsonObject>()
    const timeoutMs = options.timeoutMs ?? this.#limits.requestMs
    const late = (): void => reject(new SealstoneError('DEADLINE_EXCEEDED', `the MCP server did not answer ${method} within ${timeoutMs} ms`))
    const timer = setTimeout(late, timeoutMs)
    const cancel = (): void => reject(new SealstoneError('CANCELLED'))
    options.signal?.addEventListener('abort', cancel, { once: true })
    if (options.signal?.aborted === true) cancel()
    this.#waiting.set(id, { method, resolve, reject })
    try {
      const message = { jsonrpc: '2.0', id: JSON.parse(id) as string, method, ...(params === undefined ? {} : { params }) }
      send(Buffer.from(JSON.stringify(message))).catch((error: unknown) => reject(error as SealstoneError))
      return await promise
    } finally {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', cancel)
      this.#waiting.delete(id)
    }
  }

  /** Something of ours is still to be answered. */
  get waits(): boolean {
    return this.#waiting.size > 0
  }

  /** @param id as it is written in the message */
  owns(id: string | undefined): boolean {
    return this.#ids.owns(id)
  }

  /** @returns false for an answer that nobody waits for (any more) */
  settle(id: string, message: Uint8Array): boolean {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return false
    try {
      waiting.resolve(readResult(waiting.method, message, this.#limits))
    } catch (error) {
      waiting.reject(error as SealstoneError)
    }
    return true
  }

  /** The answer to this one will not come. */
  lose(id: string, error: SealstoneError): void {
    this.#waiting.get(id)?.reject(error)
  }

  /** The connection is gone; so is everything that is asked later. */
  fail(error: SealstoneError): void {
    this.#failed ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
  }
}

function readResult(method: string, message: Uint8Array, limits: UpstreamLimits): JsonObject {
  const answer = readAnswer(message, limits)
  if (isJsonObject(answer['error'])) throw refusal(method, answer['error'])
  if (!isJsonObject(answer['result'])) throw serverFault(`the answer to ${method} has no result`)
  return answer['result']
}

/** One JSON-RPC message that we read ourselves: strict, for what two parsers read in two ways is not compared with anything. */
export function readAnswer(message: Uint8Array, limits: Pick<UpstreamLimits, 'messageBytes' | 'depth' | 'values'>): JsonObject {
  try {
    return parseStrictObject(message, { maxBytes: limits.messageBytes, maxDepth: limits.depth, maxValues: limits.values })
  } catch (cause) {
    throw serverFault(`an answer cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
}

function refusal(method: string, error: JsonObject): SealstoneError {
  const code = typeof error['code'] === 'number' ? error['code'] : 0
  const text = typeof error['message'] === 'string' ? printable(error['message'], 200) : 'no reason'
  const supported = isJsonObject(error['data']) && Array.isArray(error['data']['supported']) ? (error['data']['supported'] as unknown[]) : []
  const versions = supported.filter((version) => typeof version === 'string').slice(0, 20)
  return new SealstoneError('MCP_REQUEST_REFUSED', `the MCP server refused ${method}: ${text} (${code})`, {
    details: { code: String(code), supported: versions.join(' ') },
  })
}

/** Somebody else's text in a message of ours: one line, bounded. */
function printable(text: string, most: number): string {
  const clean = text.replaceAll(CONTROL, ' ')
  return clean.length > most ? `${clean.slice(0, most)}…` : clean
}

// Control and format characters, among them those that turn the direction of writing, and line ends.
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
