/** The log as the page asks for it: checkpoint, trust file, tiles as c2sp.org/tlog-tiles has them, entries and counts. */
import { toBase64, utf8, utf8Text } from '#core'
import type { FoundEntries } from '#tlog'
import type { ConsoleLog } from './ports.ts'
import { toActivitySpan, toEntryQuery, toTileName } from './queries.ts'

export interface ApiAnswer {
  readonly type: string
  readonly bytes: Uint8Array
}

/** Undefined where there is nothing. Throws INPUT_INVALID for what cannot be meant, and what the log throws. */
export async function answerApi(log: ConsoleLog, path: string, parameters: URLSearchParams): Promise<ApiAnswer | undefined> {
  if (path.startsWith(TILES)) return { type: 'application/octet-stream', bytes: await log.tile(toTileName(path.slice(API.length))) }
  switch (path) {
    case '/api/checkpoint':
      return json(log.checkpoint() ?? null)
    case '/api/cosigned':
      return json(log.cosigned() ?? null)
    case '/api/trust':
      return { type: 'application/json', bytes: await log.trust() }
    case '/api/entries':
      return json(entriesJson(await log.search(toEntryQuery(parameters))))
    case '/api/activity':
      return json(await log.activity(toActivitySpan(parameters)))
    default:
      return undefined
  }
}

/** A leaf is canonical JSON, so its text is its bytes; one that was damaged may be none. Indexes are text because they have 63 bits. */
function entriesJson({ entries, next }: FoundEntries): object {
  return {
    entries: entries.map(({ index, leaf }) => ({ index: String(index), ...leafJson(leaf) })),
    ...(next === undefined ? {} : { next: String(next) }),
  }
}

function leafJson(leaf: Uint8Array): { readonly leaf: string } | { readonly bytes: string } {
  try {
    return { leaf: utf8Text(leaf) }
  } catch {
    return { bytes: toBase64(leaf) }
  }
}

function json(value: unknown): ApiAnswer {
  return { type: 'application/json', bytes: utf8(JSON.stringify(value)) }
}

const API = '/api/'
const TILES = '/api/tile/'
