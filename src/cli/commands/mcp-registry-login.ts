/** sealstone mcp registry login: the owner of a domain, proven by a key in the token. */
import { resolve } from 'node:path'
import { type Client, askRegistry, registryLoginBody, registryProof, registryUrl } from '#client'
import { defined, SealstoneError, utf8 } from '#core'
import { writeFiles } from '#files'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'

type LoginOptions = ConnectionOptions & {
  domain?: string
  key: string
  keyVersion?: number
  registry?: string
  method?: 'http' | 'dns'
  output?: string
  printProof?: boolean
}

export async function run(context: CommandContext, _operands: readonly string[], options: LoginOptions): Promise<ExitStatus> {
  const { domain, registry, output: file } = options
  const hint = 'see: sealstone mcp registry login --help'
  if (options.printProof === true && (registry !== undefined || file !== undefined))
    throw new SealstoneError('USAGE', '--print-proof only prints, so it takes neither --registry nor --output', { hint })
  if (options.printProof !== true && domain === undefined) throw new SealstoneError('USAGE', '--domain is needed', { hint })
  if (file !== undefined && registry === undefined)
    throw new SealstoneError('USAGE', '--output is for the token of a registry: name it with --registry', { hint })
  if (registry !== undefined) registryUrl(registry) // before anything is signed
  await using client = await openClient(context.home, options)
  return options.printProof === true ? await printProof(context, client, options) : await login(context, client, domain as string, options)
}

async function printProof({ output, signal }: CommandContext, client: Client, { key, keyVersion }: LoginOptions): Promise<ExitStatus> {
  const info = await client.getKey(key, { signal, ...defined({ version: keyVersion }) })
  const proof = registryProof(info.spki)
  if (output.json) output.record({ key: info.name, keyVersion: info.version, suite: info.suite, proof })
  else output.line(proof)
  return EXIT.ok
}

async function login({ output, signal }: CommandContext, client: Client, domain: string, options: LoginOptions): Promise<ExitStatus> {
  const { key, keyVersion, registry, method = 'http', output: file } = options
  const challenge = await client.signRegistryChallenge({ key, domain, ...defined({ keyVersion }) }, { signal })
  const { leafIndex } = challenge
  if (registry === undefined) {
    output.record(registryLoginBody(challenge))
    output.note(`signed with ${visible(key)}, log entry ${leafIndex}; a registry takes it for 15 seconds, from anybody`)
    return EXIT.ok
  }
  const { token, expiresAt } = await askRegistry(registry, method, challenge, { signal })
  const until = expiresAt === undefined ? undefined : new Date(expiresAt * 1000).toISOString()
  const told = { registry, domain, method, leafIndex, ...defined({ expiresAt: until }) }
  // The token goes where it was asked for and nowhere else.
  if (file !== undefined) {
    const saved = `${JSON.stringify({ method, registry, token })}\n`
    await writeFiles([{ path: resolve(file), bytes: utf8(saved) }], { mode: 0o600 })
    if (output.json) output.record({ ...told, wrote: resolve(file) })
  } else if (output.json) output.record({ ...told, token })
  else output.line(token)
  output.note(`logged in to ${visible(registry)} as ${visible(domain)}${until === undefined ? '' : ` until ${until}`}, log entry ${leafIndex}`)
  if (file !== undefined && !output.json) output.note(`wrote ${visible(file)}; keep it secret`)
  return EXIT.ok
}
