/** sealstone keys export: a PEM for others, or the trust file. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '#client'
import { publicKeyJwk } from '#client/offline'
import { defined, SealstoneError, utf8, utf8Text } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { deliver } from '../deliver.ts'
import type { Output } from '../output.ts'
import { visible } from '../text.ts'
import { keyRecord } from './key-record.ts'

type ExportOptions = ConnectionOptions & {
  companion?: boolean
  trust?: boolean
  output?: string
  keyVersion?: number
  format?: 'pem' | 'der' | 'jwk'
  csr?: boolean
  certificate?: boolean
  subject?: string
  days?: number
}

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
  const kinds = [options.trust, options.csr, options.certificate].filter((kind) => kind === true)
  if (kinds.length > 1) throw new SealstoneError('USAGE', '--trust, --csr and --certificate exclude each other', { hint })
  const certifies = options.csr === true || options.certificate === true
  if (certifies && options.subject === undefined)
    throw new SealstoneError('USAGE', '--subject is needed', { hint: "say whom it names: --subject 'CN=release,O=Example'" })
  if (certifies && options.format === 'jwk') throw new SealstoneError('USAGE', 'a request or certificate is PEM or DER', { hint })
  if (options.trust !== true && name === undefined) throw new SealstoneError('USAGE', 'neither the name of a key nor --trust is given', { hint })
}

async function exportKey(context: CommandContext, name: string, options: ExportOptions): Promise<ExitStatus> {
  const { output, home, signal } = context
  await using client = await openClient(home, options)
  if (options.csr === true || options.certificate === true) return await certify(context, client, name, options)
  const key = await client.getKey(name, { signal, ...defined({ version: options.keyVersion }) })
  const chosen = options.companion === true ? key.companion : key
  if (chosen === undefined)
    throw new SealstoneError('KEY_UNUSABLE', `the key ${name} has no companion`, { hint: 'leave out --companion to export its own public key' })
  if (options.format === 'jwk') {
    const jwk = await publicKeyJwk(chosen.spki)
    if (output.json && options.output === undefined) output.record(jwk)
    else await deliver(output, utf8(`${JSON.stringify(jwk, undefined, 2)}\n`), options.output)
  } else if (options.format === 'der') await deliverBytes(output, chosen.spki, options.output)
  else if (output.json && options.output === undefined)
    output.record({ key: keyRecord(key)['name'], suite: chosen.suite, fingerprint: `sha256:${chosen.fingerprint}`, pem: chosen.pem })
  else await deliver(output, utf8(chosen.pem), options.output)
  return EXIT.ok
}

async function certify({ output, signal }: CommandContext, client: Client, name: string, options: ExportOptions): Promise<ExitStatus> {
  const { subject = '', companion = false, days, keyVersion } = options
  const document = options.csr === true ? 'request' : 'self-signed'
  const { der, pem } = await client.certifyKey({ name, document, subject, companion, ...defined({ days, version: keyVersion }) }, { signal })
  if (options.format === 'der') await deliverBytes(output, der, options.output)
  else if (output.json && options.output === undefined) output.record({ key: name, document, pem })
  else await deliver(output, utf8(pem), options.output)
  return EXIT.ok
}

/** A terminal is no place for bytes. */
async function deliverBytes(output: Output, bytes: Uint8Array, file: string | undefined): Promise<void> {
  if (file === undefined) throw new SealstoneError('USAGE', 'DER goes into a file', { hint: 'name one with --output FILE' })
  await deliver(output, bytes, file)
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
