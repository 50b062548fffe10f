/** JSON-RPC messages that the gateway before many servers reads and writes anew. Numbers keep all their digits. */
import { isJsonObject, type JsonObject, type JsonValue, SealstoneError } from '#core'
import { type MessageHead, readHead } from '#upstream'

/** A message that was scanned before. */
export interface Message {
  readonly head: MessageHead
  readonly bytes: Uint8Array
}

/** Throws INPUT_INVALID for what is no object. */
export function parseMessage(bytes: Uint8Array): JsonObject {
  const value = JSON.parse(Buffer.from(bytes).toString('utf8'), keepDigits as (name: string, value: JsonValue) => JsonValue) as JsonValue
  if (!isJsonObject(value)) throw new SealstoneError('INPUT_INVALID', 'a message is no object')
  return value
}

/** @param id JSON text, as a head has it; absent from notifications */
export function writeMessage(id: string | undefined, members: JsonObject): Message {
  const { jsonrpc: _, id: __, ...rest } = members
  const text = JSON.stringify(rest).slice(1)
  const bytes = Buffer.from(`{"jsonrpc":"2.0"${id === undefined ? '' : `,"id":${id}`}${text === '}' ? '' : ','}${text}`)
  return { bytes, head: readHead(bytes, DEPTH) }
}

/** A number that a double does not hold is written again as it was (proposal JSON.parse source text access, ECMAScript 2026). */
function keepDigits(_name: string, value: unknown, context: { readonly source?: string }): unknown {
  return typeof value === 'number' && context.source !== undefined && String(value) !== context.source ? rawNumber(context.source) : value
}

/** Not yet in the types of the language. */
const { rawJSON: rawNumber } = JSON as unknown as { rawJSON(source: string): object }

const DEPTH = 1000
