/** Which MCP server is meant: the command after --, or --url. */
import { SealstoneError } from '#core'
import type { PinTarget } from '#toolsets'

export type ServerOptions = { url?: string; header?: string[]; env?: string[] }
export type ServerTarget = { command: string; args: readonly string[] } | { url: string; headers: Readonly<Record<string, string>> }

/** Throws USAGE. */
export function serverTarget(operands: readonly string[], { url, header = [] }: ServerOptions): ServerTarget {
  const [command, ...args] = operands
  if ((command === undefined) === (url === undefined)) {
    throw new SealstoneError('USAGE', command === undefined ? 'no MCP server is named' : 'two MCP servers are named', {
      hint: 'put the command of the server after --, or name it with --url',
    })
  }
  return command === undefined ? { url: url as string, headers: readHeaders(header) } : { command, args }
}

/** What a pin goes by: not the environment and not the headers, which may hold secrets. */
export function pinTarget(target: ServerTarget): PinTarget {
  return 'url' in target ? { url: target.url } : { command: target.command, args: target.args }
}

/** `NAME` is passed on from our environment, so that no secret need stand on the command line. */
export function readEnvironment({ env = [] }: ServerOptions): Record<string, string> {
  const read: Record<string, string> = {}
  for (const name of env) {
    const value = process.env[name]
    if (value === undefined)
      throw new SealstoneError('USAGE', `the variable ${name} is not set`, { hint: '--env names a variable of your own environment' })
    read[name] = value
  }
  return read
}

/** `Name=VARIABLE`: the value comes from the environment, for it may be a secret. */
function readHeaders(headers: readonly string[]): Record<string, string> {
  const read: Record<string, string> = {}
  for (const text of headers) {
    const [, name, variable] = /^([A-Za-z0-9-]+)=([A-Za-z_][A-Za-z0-9_]*)$/.exec(text) ?? []
    const value = variable === undefined ? undefined : process.env[variable]
    if (name === undefined || value === undefined) {
      throw new SealstoneError('USAGE', `--header is ${JSON.stringify(text)}, want Name=VARIABLE of your environment`, {
        hint: 'export the value, such as AUTH="Bearer …", and pass --header Authorization=AUTH',
      })
    }
    read[name.toLowerCase()] = value
  }
  return read
}
