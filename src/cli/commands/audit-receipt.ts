/** sealstone audit receipt */
import { standaloneProof } from '#client/offline'
import { toBase64, utf8 } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { deliver } from '../deliver.ts'
import { parseIndex } from './entry-index.ts'

type ReceiptOptions = ConnectionOptions & { output?: string }

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: ReceiptOptions): Promise<ExitStatus> {
  const index = parseIndex(operands[0])
  await using client = await openClient(home, options)
  const receipt = await client.getReceipt(index, { signal })
  if (output.json && options.output === undefined) output.record({ index, leaf: toBase64(receipt.leaf), proof: receipt.proof })
  else await deliver(output, utf8(standaloneProof(receipt)), options.output)
  return EXIT.ok
}
