/** A link into the review console: for the owner of the daemon's socket alone, who could read the log's file as well. */
import { newOperationId, SealstoneError } from '#core'
import { authorizeOwner } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext, ConsoleLink } from './ports.ts'

/**
 * Throws PERMISSION_DENIED, CONFIG_INVALID where there is no console, or AUDIT_UNAVAILABLE: that the link was given out is in the log before it is. The link
 * itself is in no log.
 */
export async function openConsole(context: OperationContext, call: CallContext): Promise<ConsoleLink> {
  const { decision } = await authorizeOwner(context, call, 'audit.read', 'open the console')
  const link = context.newConsoleLink()
  if (link === undefined)
    throw new SealstoneError('CONFIG_INVALID', 'the daemon serves no console', {
      hint: 'set listen in the section [console] of config.toml, for example "127.0.0.1:7490", and start the daemon again',
    })
  // Whoever has it reads the whole log.
  const facts = { operationId: newOperationId(), caller: call.identity, operation: 'console.open', result: 'ok' } as const
  await context.audit.append({ kind: 'log-export', ...facts, reason: `a link to the console, good for ${link.minutes} minutes`, ...decision })
  context.logger.info({ minutes: link.minutes }, 'a link to the console was given out')
  return link
}
