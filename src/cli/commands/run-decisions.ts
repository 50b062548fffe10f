/** What `sealstone run`, and `mcp serve` for a host, decided, in the audit log of a daemon: of one that is named, or whose socket is in the state directory. */
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { toSealstoneError } from '#core'
import type { ModelDecision } from '#launch'
import { type ConnectionOptions, openClient } from '../connection.ts'
import type { Output } from '../output.ts'
import { visible } from '../text.ts'

export type LogOptions = ConnectionOptions & { requireLog?: boolean }

/**
 * Whether the log has them. Where nothing could be written, a warning says so. Where no daemon is to be seen nothing is tried, unless the log is demanded.
 * @throws SealstoneError of the daemon or of the connection, if the log is demanded
 */
export async function recordDecisions(output: Output, home: string, options: LogOptions, decisions: readonly ModelDecision[]): Promise<boolean> {
  const demanded = options.requireLog === true
  if (!demanded && options.address === undefined && !existsSync(join(home, 'sealstone.sock'))) return false
  try {
    await using client = await openClient(home, { timeout: PATIENCE_SECONDS, ...options })
    for (const { model, decision, root, reason } of decisions) {
      const digest = root === undefined ? {} : { digest: root.slice(root.indexOf(':') + 1) }
      await client.recordDecision({ operation: 'model.run', subject: basename(resolve(model)), ...digest, decision, reason })
    }
    return true
  } catch (error) {
    if (demanded) throw error
    output.warn(`the audit log does not know of this: ${visible(toSealstoneError(error).message)}`)
    return false
  }
}

const PATIENCE_SECONDS = 10
