/** Asks an MCP server for everything that it offers, and ends it again. */
import { excerpt, type JsonObject, SealstoneError } from '#core'
import type { Offer } from '#toolsets'
import { connectUpstream, fetchOffer } from '#upstream'
import type { Output } from '../output.ts'
import { visible } from '../text.ts'
import { readEnvironment, type ServerOptions, serverTarget } from './mcp-target.ts'

export type AskOptions = ServerOptions & { hostCan?: string[]; serverErrors?: boolean }

/** @param words the command of the server. Throws what connecting throws, and USAGE. */
export async function askForOffer(words: readonly string[], options: AskOptions, output: Output, signal: AbortSignal): Promise<Offer> {
  const target = serverTarget(words, options)
  const onErrorLine = (line: string): void => {
    if (options.serverErrors === true) output.note(`server: ${visible(line)}`)
  }
  const capabilities = readCapabilities(options.hostCan ?? [])
  const whole = 'url' in target ? target : { ...target, env: readEnvironment(options) }
  await using upstream = await connectUpstream(whole, { signal, onErrorLine, capabilities })
  return (await fetchOffer(upstream, { signal })).offer
}

function readCapabilities(names: readonly string[]): Readonly<Record<string, JsonObject>> {
  const stray = names.find((name) => !HOST_CAPABILITIES.includes(name))
  if (stray !== undefined)
    throw new SealstoneError('USAGE', `--host-can is ${excerpt(stray)}, want one of ${HOST_CAPABILITIES.join(', ')}`, {
      hint: 'name what the host has',
    })
  return Object.fromEntries(names.map((name) => [name, {}]))
}

/** Capabilities of clients, MCP 2025-11-25 and 2026-07-28. */
const HOST_CAPABILITIES: readonly string[] = ['roots', 'sampling', 'elicitation', 'tasks']
