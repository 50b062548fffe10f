/** A gateway that listens: where is a result, and then it serves until somebody stops it. */
import { once } from 'node:events'
import type { HttpGateway } from '#gateway'
import type { CommandContext } from '../command.ts'

/** Closes the gateway at the end. */
export async function serveUntilStopped({ output, signal }: CommandContext, opened: HttpGateway): Promise<void> {
  await using gateway = opened
  if (output.json) output.record({ url: gateway.url })
  else output.line(gateway.url)
  if (!signal.aborted) await once(signal, 'abort')
}
