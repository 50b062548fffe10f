/** How far a hashing is, as progress notifications of the protocol; only where the host gave a token for them. */
import type { ServerContext } from '@modelcontextprotocol/server'

export interface Hashed {
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly filesDone: number
  readonly filesTotal: number
}

export function reportProgress(context: ServerContext): ((progress: Hashed) => void) | undefined {
  const progressToken = context.mcpReq._meta?.progressToken
  if (progressToken === undefined) return undefined
  let nextAt = 0
  let told = -1
  return ({ bytesDone, bytesTotal, filesDone, filesTotal }) => {
    const now = performance.now()
    // MCP: progress must increase with each notification.
    if ((now < nextAt && bytesDone < bytesTotal) || bytesDone <= told) return
    nextAt = now + EVERY_MS
    told = bytesDone
    const params = { progressToken, progress: bytesDone, total: bytesTotal, message: `hashed ${filesDone} of ${filesTotal} files` }
    // A host that went away needs none; its call is cancelled by itself.
    context.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {})
  }
}

const EVERY_MS = 250
