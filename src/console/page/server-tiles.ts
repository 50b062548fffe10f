/** The tiles of the log as the server gives them, each fetched once. Nothing is believed here. */
import { SealstoneError } from '#core'
import { type TileName, tilePath, type TileSource } from '#tlog'

/** Throws UNAVAILABLE-like SealstoneErrors where the server does not answer. */
export async function fetchBytes(path: string): Promise<Uint8Array> {
  const response = await fetch(path, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
  if (!response.ok) throw new SealstoneError('ENTRY_UNKNOWN', `the server answers ${response.status} for ${path}`)
  return new Uint8Array(await response.arrayBuffer())
}

/** Keeps what it fetched, so that one tile is the same for all who look at it; `forget` after a piece of work keeps that bounded. */
export class ServerTiles implements TileSource {
  readonly #fetch: (path: string) => Promise<Uint8Array>
  #kept = new Map<string, Promise<Uint8Array>>()

  constructor(fetch = fetchBytes) {
    this.#fetch = fetch
  }

  async checkpoint(): Promise<string> {
    const note: unknown = JSON.parse(new TextDecoder().decode(await this.#fetch('/api/checkpoint')))
    if (typeof note !== 'string') throw new SealstoneError('ENTRY_UNKNOWN', 'the log has no checkpoint yet')
    return note
  }

  /** Undefined where the server has none. */
  async cosigned(): Promise<string | undefined> {
    const note: unknown = JSON.parse(new TextDecoder().decode(await this.#fetch('/api/cosigned')))
    return typeof note === 'string' ? note : undefined
  }

  tile(name: TileName): Promise<Uint8Array> {
    const path = tilePath(name)
    const kept = this.#kept.get(path)
    if (kept !== undefined) return kept
    const fetched = this.#fetch(`/api/${path}`)
    this.#kept.set(path, fetched)
    fetched.catch(() => this.#kept.delete(path))
    return fetched
  }

  /** After a lie or a failure: everything is fetched again. */
  forget(): void {
    this.#kept = new Map()
  }

  trim(): void {
    if (this.#kept.size > MOST_KEPT) this.forget()
  }
}

const TIMEOUT_MS = 20_000
const MOST_KEPT = 2048
