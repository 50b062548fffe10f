/** sealstone audit receipt */
import { resolve } from 'node:path'
import { readRequired, replaceReceipt, signedReceipt, standaloneProof } from '#client/offline'
import { LIMITS, SealstoneError, toBase64, utf8 } from '#core'
import { writeFiles } from '#files'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { deliver } from '../deliver.ts'
import { visible } from '../text.ts'
import { parseIndex } from './entry-index.ts'

type ReceiptOptions = ConnectionOptions & { output?: string; refresh?: string }

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: ReceiptOptions): Promise<ExitStatus> {
  if (options.refresh !== undefined) return refresh({ output, home, signal }, operands, { ...options, refresh: options.refresh })
  if (operands[0] === undefined) throw new SealstoneError('USAGE', 'want the number of an entry, or --refresh and a file')
  const index = parseIndex(operands[0])
  await using client = await openClient(home, options)
  const receipt = await client.getReceipt(index, { signal })
  if (output.json && options.output === undefined) output.record({ index, leaf: toBase64(receipt.leaf), proof: receipt.proof })
  else await deliver(output, utf8(standaloneProof(receipt)), options.output)
  return EXIT.ok
}

/** What was signed stays as it is: only the receipt in the file is another. */
async function refresh(
  { output, home, signal }: Pick<CommandContext, 'output' | 'home' | 'signal'>,
  operands: readonly string[],
  { refresh: file, output: target, ...options }: ReceiptOptions & { refresh: string },
): Promise<ExitStatus> {
  if (operands.length > 0 || target !== undefined) throw new SealstoneError('USAGE', '--refresh takes a file and neither an index nor --output')
  const path = resolve(file)
  const bytes = await readRequired(path, LIMITS.bundleBytes)
  const before = signedReceipt(bytes)
  await using client = await openClient(home, options)
  const renewed = replaceReceipt(bytes, await client.getReceipt(before.index, { signal }))
  const { index, signatures } = signedReceipt(renewed)
  await writeFiles([{ path, bytes: renewed }])
  if (output.json) output.record({ file: path, index, signatures })
  else output.note(`${visible(file)}: the checkpoint of entry ${index} has ${signatures} signatures, ${before.signatures} before`)
  return EXIT.ok
}
