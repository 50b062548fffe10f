/** Opens a published log by its URL or directory. What is read is bounded and not trusted: judge it by a signed root. */
import { resolve } from 'node:path'
import { excerpt, SealstoneError } from '#core'
import type { TileSource } from '#tlog'
import { directoryParts } from './directory-parts.ts'
import { httpParts } from './http-parts.ts'
import { PublishedLog } from './published-log.ts'

export interface TileSourceOptions {
  /** For one part, all attempts together; 1 or more, default 30,000. */
  readonly timeoutMs?: number
  /** How often a server that does not answer is asked; default 4. */
  readonly attempts?: number
  readonly signal?: AbortSignal
}

/**
 * @param place the prefix of c2sp.org/tlog-tiles, `https://…` or `http://…`, or the path of a directory with the same names in it
 * @throws INPUT_INVALID for a place that is neither. Reading throws LOG_UNREACHABLE, TILE_MISSING for what is not there, FORMAT_INVALID for
 *   what is too long or no text, and CANCELLED.
 */
export function openTileSource(place: string, options: TileSourceOptions = {}): TileSource {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(place)) return new PublishedLog(directoryParts(resolve(place)), place)
  return new PublishedLog(httpParts(parsePrefix(place), options), place)
}

function parsePrefix(place: string): URL {
  const url = URL.parse(place)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new SealstoneError('INPUT_INVALID', `log is at ${excerpt(place)}, want an https or http URL, or a directory`)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new SealstoneError('INPUT_INVALID', 'the URL of the log has a user, a query or a fragment, want a plain prefix')
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}
