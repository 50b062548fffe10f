/** The protocol's library, whose own words about what it does not know quote the request: they are marked and made harmless like other foreign text. */
import { type JSONRPCMessage, McpServer, type Transport } from '@modelcontextprotocol/server'
import { ERROR_CATALOGUE, isJsonObject, type JsonObject } from '#core'
import { harmless, harmlessDeep, NOTICE, untrusted } from './untrusted.ts'

export class CarefulServer extends McpServer {
  override async connect(transport: Transport): Promise<void> {
    const send = transport.send.bind(transport)
    transport.send = async (message, options) => await send(careful(message), options)
    await super.connect(transport)
  }
}

/** What it answers, with its own words marked. Ours are so already. */
function careful(message: JSONRPCMessage): JSONRPCMessage {
  if ('error' in message) return { ...message, error: carefulError(message.error) }
  if (!('result' in message) || message.result['isError'] !== true) return message
  return { ...message, result: carefulResult(message.result as JsonObject) }
}

function carefulError<Told extends { readonly code: number; readonly message: string; readonly data?: unknown }>(error: Told): Told {
  const { data } = error
  if (isOurs(data)) return error
  const quoted = `${LIBRARY} ${JSON.stringify(harmless(error.message, LONGEST))}`
  if (data === undefined) return { ...error, message: quoted }
  const clean = harmlessDeep(data, LONGEST)
  return { ...error, message: quoted, data: ACTED_UPON.has(error.code) ? clean : { untrusted: clean } }
}

function isOurs(data: unknown): boolean {
  const code = isJsonObject(data as JsonObject) ? (data as JsonObject)['code'] : undefined
  return typeof code === 'string' && Object.hasOwn(ERROR_CATALOGUE, code)
}

/** The form of our errors. What our tools answer is JSON; what the library says of a call is not. */
function carefulResult(result: JsonObject): JsonObject {
  const [first] = Array.isArray(result['content']) ? (result['content'] as readonly { readonly text?: string }[]) : []
  const text = first?.text ?? ''
  if (text.startsWith('{')) return result
  const error = {
    code: 'INPUT_INVALID',
    message: untrusted(text, LONGEST),
    nextStep: untrusted('call one of the tools that are listed'),
    retryable: false,
  }
  return { ...result, content: [{ type: 'text', text: JSON.stringify({ notice: NOTICE, error }) }] }
}

const LIBRARY = "the protocol's library refuses it, in words that may quote the request:"
const LONGEST = 300
/** Errors of 2026-07-28 whose data hosts read: headers that do not fit, capabilities that are missing, revisions that are known; and a URL to be opened. */
const ACTED_UPON = new Set([-32020, -32021, -32022, -32042])
