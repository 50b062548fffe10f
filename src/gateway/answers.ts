/** JSON-RPC messages that the gateway itself writes: errors, and lists out of the verified set. */
import { cutText, defined, isJsonObject, type JsonObject, type SealstoneError, visible } from '#core'
import type { Offer, OfferDifference } from '#toolsets'
import type { Block } from './approval.ts'

/** @param id as it was written in the request */
export function blockedAnswer(id: string, block: Block): Uint8Array {
  const shown = block.differences.slice(0, MOST_DIFFERENCES)
  const data = {
    code: block.code,
    hint: block.hint,
    ...(shown.length === 0 ? {} : { differences: shown.map(plain), differenceCount: block.differences.length }),
  }
  return errorAnswer(id, BLOCKED, `Blocked by Sealstone: ${block.reason}. Next step: ${block.hint}`, data)
}

/**
 * The answer to a call of a tool that was not approved: a result with `isError`, which is what servers of the official SDK give for a tool that
 * they do not have, and what every host shows to its model.
 */
export function refusedCall(id: string, { code, reason, hint }: Omit<Block, 'differences'>, isModern: boolean): Uint8Array {
  return resultAnswer(id, {
    ...(isModern ? { resultType: 'complete' } : {}),
    content: [{ type: 'text', text: `Blocked by Sealstone: ${reason}. Next step: ${hint}` }],
    isError: true,
    _meta: { 'sealstone/blocked': { code, hint } },
  })
}

export function failedAnswer(id: string, error: SealstoneError): Uint8Array {
  return errorAnswer(id, BLOCKED, `Sealstone: ${visible(cutText(error.message, 300))}. Next step: ${error.hint}`, {
    code: error.code,
    hint: error.hint,
  })
}

export function errorAnswer(id: string, code: number, message: string, data?: object): Uint8Array {
  const error = JSON.stringify({ code, message, ...(data === undefined ? {} : { data }) })
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":${error}}`)
}

export function resultAnswer(id: string, result: JsonObject): Uint8Array {
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}`)
}

/** A verified list. Of what the server says beside its entries: what has a meaning in the protocol, for nobody approved the rest. */
export function listAnswer(id: string, key: 'tools' | 'prompts' | 'resources' | 'resourceTemplates', said: JsonObject, offer: Offer): Uint8Array {
  const { resultType, ttlMs, cacheScope, _meta: meta } = said
  return resultAnswer(id, {
    ...defined({
      resultType: resultType === 'complete' ? resultType : undefined,
      ttlMs: typeof ttlMs === 'number' ? ttlMs : undefined,
      cacheScope: SCOPES.find((scope) => scope === cacheScope),
    }),
    ...(isJsonObject(meta) && meta[SERVER_INFO] !== undefined ? { _meta: { [SERVER_INFO]: offer.server } } : {}),
    [key]: offer[key],
  })
}

function plain({ kind, what, name, path, reason }: OfferDifference): object {
  return { kind, what, name, ...(path === undefined ? {} : { path }), reason }
}

export const INTERNAL_ERROR = -32603
export const INVALID_PARAMS = -32602
export const INVALID_REQUEST = -32600
export const METHOD_NOT_FOUND = -32601
export const PARSE_ERROR = -32700
/** JSON-RPC 2.0 §5.1 leaves -32000 to -32099 to implementations; MCP has taken those below -32020 and some above. */
const BLOCKED = -32050
const MOST_DIFFERENCES = 20
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo'
const SCOPES = ['public', 'private'] as const
