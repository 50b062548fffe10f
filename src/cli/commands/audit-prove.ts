/** sealstone audit prove: inclusion of an entry, or consistency of two trees, from a published log. */
import type { LogTrust } from '#client/offline'
import { SealstoneError, toBase64, utf8 } from '#core'
import type { ProvenTree, TreeEnd } from '#monitor'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { deliver } from '../deliver.ts'
import { openPublished, readKeptCheckpoint, readLogTrust } from '../published-log.ts'
import { parseIndex } from './entry-index.ts'

type ProveOptions = { log?: string; from?: string; to?: string; trust?: string; output?: string }

export async function run(context: CommandContext, operands: readonly string[], options: ProveOptions): Promise<ExitStatus> {
  const [index] = operands
  if ((index === undefined) === (options.from === undefined)) {
    throw new SealstoneError('USAGE', 'want the number of an entry, or --from', {
      hint: 'an entry is proven to be in the log; --from proves that it only grew',
    })
  }
  if (options.to !== undefined && options.from === undefined) throw new SealstoneError('USAGE', '--to goes with --from')
  const trusted = await readLogTrust(context, options.trust)
  return index === undefined ? proveGrowth(context, trusted, options) : proveInclusion(context, trusted, parseIndex(index), options)
}

async function proveInclusion(context: CommandContext, { log }: LogTrust, index: bigint, options: ProveOptions): Promise<ExitStatus> {
  const { output, signal } = context
  const { proveEntry } = await import('#monitor')
  const { leaf, proof } = await proveEntry(await openPublished(options.log, signal), log, index)
  if (output.json && options.output === undefined) output.record({ index, leaf: toBase64(leaf), proof })
  else await deliver(output, utf8(proof), options.output)
  return EXIT.ok
}

async function proveGrowth(context: CommandContext, { log }: LogTrust, options: ProveOptions): Promise<ExitStatus> {
  const { output, signal } = context
  const { consistencyText, proveConsistency } = await import('#monitor')
  const readEnd = async (text: string): Promise<TreeEnd> => (/^[0-9]+$/.test(text) ? parseIndex(text) : readKeptCheckpoint(text, log))
  const source = await openPublished(options.log, signal)
  const from = await readEnd(options.from ?? '')
  const proven = await proveConsistency(source, log, from, options.to === undefined ? undefined : await readEnd(options.to))
  if (output.json && options.output === undefined) {
    output.record({ origin: log.origin, from: treeRecord(proven.from), to: treeRecord(proven.to), proof: proven.proof.map(toBase64) })
  } else await deliver(output, utf8(consistencyText(proven, log.origin)), options.output)
  output.note(`${log.origin}: the ${proven.from.size} older entries are the first of the ${proven.to.size} newer ones`)
  return EXIT.ok
}

function treeRecord({ size, root, checkpoint }: ProvenTree): object {
  return { size, root: toBase64(root), ...(checkpoint === undefined ? {} : { checkpoint: checkpoint.note }) }
}
