/** sealstone keys export: a PEM for others, or the trust file. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SealstoneError, utf8, utf8Text } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { deliver } from '../deliver.ts'
import { visible } from '../text.ts'
import { keyRecord } from './key-record.ts'

type ExportOptions = ConnectionOptions & { companion?: boolean; trust?: boolean; output?: string }

export async function run(context: CommandContext, operands: readonly string[], options: ExportOptions): Promise<ExitStatus> {
  const [name] = operands
  checkUsage(name, options)
  return options.trust === true ? exportTrust(context, options) : exportKey(context, name as string, options)
}

function checkUsage(name: string | undefined, options: ExportOptions): void {
  const hint = 'see: sealstone keys export --help'
  if (options.trust === true && (name !== undefined || options.companion === true)) {
    throw new SealstoneError('USAGE', '--trust exports all keys, so it takes neither a name nor --companion', { hint })
  }
  if (options.trust !== true && name === undefined) throw new SealstoneError('USAGE', 'neither the name of a key nor --trust is given', { hint })
}

async function exportKey({ output, home, signal }: CommandContext, name: string, options: ExportOptions): Promise<ExitStatus> {
  await using client = await openClient(home, options)
  const key = await client.getKey(name, { signal })
  const chosen = options.companion === true ? key.companion : key
  if (chosen === undefined)
    throw new SealstoneError('KEY_UNUSABLE', `the key ${name} has no companion`, { hint: 'leave out --companion to export its own public key' })
  if (output.json && options.output === undefined)
    output.record({ key: keyRecord(key)['name'], suite: chosen.suite, fingerprint: `sha256:${chosen.fingerprint}`, pem: chosen.pem })
  else await deliver(output, utf8(chosen.pem), options.output)
  return EXIT.ok
}

/** The daemon knows best; where none runs, trust.json of the state directory is what it wrote last. */
async function exportTrust({ output, home, signal }: CommandContext, options: ExportOptions): Promise<ExitStatus> {
  const trust = await trustFromDaemon(home, options, signal).catch(async (error: unknown) => {
    const unreachable = error instanceof SealstoneError && error.code === 'DAEMON_UNAVAILABLE' && options.address === undefined
    const path = join(home, 'trust.json')
    const bytes = unreachable ? await readFile(path).catch(() => undefined) : undefined
    if (bytes === undefined) throw error
    output.note(`note: the daemon does not run; this is a copy of ${visible(path)}`)
    return new Uint8Array(bytes)
  })
  // A trust file is JSON already; it is handed on byte for byte.
  await deliver(output, utf8Text(trust).endsWith('\n') ? trust : utf8(`${utf8Text(trust)}\n`), options.output)
  return EXIT.ok
}

async function trustFromDaemon(home: string, options: ExportOptions, signal: AbortSignal): Promise<Uint8Array> {
  await using client = await openClient(home, options)
  return await client.getTrust({ signal })
}
