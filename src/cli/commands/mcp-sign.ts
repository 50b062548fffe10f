/** sealstone mcp sign: asks a server for everything that it offers and has the daemon sign all of it. */
import { basename, relative, resolve } from 'node:path'
import { readDocument } from '#client/offline'
import { LIMITS, SealstoneError } from '#core'
import { removeStaleTemporaries, writeFiles } from '#files'
import { listEntries, namesInDoubt, type Offer, offerDigest, type OfferEntry, offerStatement, readOfferDocument } from '#toolsets'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import type { Output } from '../output.ts'
import { offerRecord, printOffer, refuseNamesInDoubt } from '../offer-text.ts'
import { visible } from '../text.ts'
import { wholeOffer } from '../whole-offer.ts'
import { askForOffer, type AskOptions } from './ask-for-offer.ts'
import { serverTarget } from './mcp-target.ts'

type McpSignOptions = ConnectionOptions & AskOptions & { key?: string; out?: string; allowLookAlikes?: boolean; full?: boolean }

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: McpSignOptions): Promise<ExitStatus> {
  serverTarget(operands, options) // a usage error is told before the daemon is asked
  await using client = await openClient(home, options)
  // Asked before the server, whose start may take long.
  if ((await client.health({ signal })) !== 'serving') throw new SealstoneError('DAEMON_DRAINING', 'the daemon does not take requests now')
  const offer = await askForOffer(operands, options, output, signal)
  const digest = offerDigest(offer)
  const entries = listEntries(offer)
  refuseNamesInDoubt(namesInDoubt(offer), options.allowLookAlikes === true, output)
  const path = resolve(options.out ?? `${fileName(offer)}.mcp.hybrid.sig`)
  await refuseOtherFile(path, offer)
  await removeStaleTemporaries([path])
  if (!output.json) show(output, offer, digest, entries, options.full === true)

  const key = options.key ?? 'default'
  const { hybridSig, operationId, leafIndex } = await client.sign({ key, content: offerStatement(offer) }, { signal })
  await writeFiles([{ path, bytes: hybridSig }])
  if (output.json)
    output.record({
      ...offerRecord(offer, digest, entries),
      ...(options.full === true ? { offer } : {}),
      key,
      operationId,
      leafIndex,
      manifest: path,
    })
  else {
    output.line(`${output.good('signed')}     all of it, with the key ${visible(key)}`)
    output.line(`log entry  ${leafIndex}`)
    output.line(`wrote      ${visible(shortest(path))}`)
  }
  return EXIT.ok
}

function show(output: Output, offer: Offer, digest: string, entries: readonly OfferEntry[], full: boolean): void {
  printOffer(output.line, offer, digest, full ? undefined : entries)
  if (full) for (const line of wholeOffer(offer, output.columns)) output.line(line)
}

/** The server's own name, as a plain name of a file. */
function fileName({ server }: Offer): string {
  const name = server['name'] as string // offerDigest saw it
  const plain = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+/, '')
  return plain.slice(0, 100) || 'server'
}

/** An earlier manifest of the same server may be replaced, and nothing else. */
async function refuseOtherFile(path: string, offer: Offer): Promise<void> {
  const bytes = await readDocument(path, LIMITS.bundleBytes)
  if (bytes === undefined || nameIn(bytes) === offer.server['name']) return
  throw new SealstoneError('OUTPUT_EXISTS', `${basename(path)} is there, and is not a manifest of the same server`, {
    hint: 'name another file with --out',
  })
}

function nameIn(bytes: Uint8Array): unknown {
  try {
    return readOfferDocument(bytes).server['name']
  } catch {
    return undefined
  }
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') ? path : fromHere
}
