/** Parts of a log on a web server: bounded in time, size and redirects, asked again while the server is away. */
import { cancelled, concatBytes, SealstoneError, withRetry } from '#core'
import type { TileSourceOptions } from './open-tile-source.ts'
import type { LogParts } from './published-log.ts'

/** @param prefix ends with a slash */
export function httpParts(prefix: URL, { timeoutMs = 30_000, attempts = 4, signal }: TileSourceOptions): LogParts {
  return {
    read: (path, mostBytes) => {
      const url = new URL(path, prefix)
      return withRetry({ attempts, timeoutMs, ...(signal && { signal }) }, async (leftMs) => {
        const ms = Math.ceil(Math.min(leftMs, MOST_ATTEMPT_MS))
        const limit = AbortSignal.timeout(ms)
        try {
          return await fetchPart(url, mostBytes, signal === undefined ? limit : AbortSignal.any([limit, signal]))
        } catch (cause) {
          if (cause instanceof SealstoneError) throw cause
          if (signal?.aborted === true) throw cancelled(signal)
          if (limit.aborted) throw new SealstoneError('LOG_UNREACHABLE', `${url.href} did not come within ${ms} ms`, { cause })
          throw new SealstoneError('LOG_UNREACHABLE', `${url.href} cannot be fetched (${reason(cause)})`, { cause })
        }
      })
    },
  }
}

async function fetchPart(url: URL, mostBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const response = await follow(url, signal)
  if (response.status === 200) return await readBody(response, url, mostBytes)
  await response.body?.cancel()
  if (NOT_THERE.has(response.status)) return undefined
  throw new SealstoneError('LOG_UNREACHABLE', `${url.href} answered ${response.status}, want 200`)
}

/** Never from https to http: a log's bytes need no secrecy, but what its operator wants kept from changing on the way stays so. */
async function follow(start: URL, signal: AbortSignal): Promise<Response> {
  let url = start
  for (let followed = 0; followed <= MOST_REDIRECTS; followed++) {
    const response = await fetch(url, { redirect: 'manual', signal, credentials: 'omit', headers: { accept: '*/*' } })
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null
    if (location === null) return response
    await response.body?.cancel()
    const next = URL.parse(location, url)
    const isAllowed = next !== null && (next.protocol === 'https:' || (next.protocol === 'http:' && url.protocol === 'http:'))
    if (!isAllowed) throw new SealstoneError('FORMAT_INVALID', `${url.href} leads to another kind of address, want https`)
    url = next
  }
  throw new SealstoneError('FORMAT_INVALID', `${start.href} leads on more than ${MOST_REDIRECTS} times`)
}

/** Counts what comes out after decompression, so that a small answer cannot become a large one. */
async function readBody(response: Response, url: URL, mostBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > mostBytes) throw new SealstoneError('FORMAT_INVALID', `${url.href} is over ${mostBytes} bytes`) // leaving the loop cancels the body
    chunks.push(chunk)
  }
  return concatBytes(...chunks)
}

function reason(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return String(code ?? (cause instanceof Error ? cause.message : thrown))
}

/** Object stores answer 403 for what is not there to those who may not list them. */
const NOT_THERE = new Set([403, 404, 410])
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const MOST_REDIRECTS = 5
/** Of one attempt: a server that took the request and says nothing is asked again. */
const MOST_ATTEMPT_MS = 10_000
