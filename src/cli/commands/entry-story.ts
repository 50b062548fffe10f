/** What an entry of the log says, in sentences. */
import type { LoggedEntry } from '#client/offline'
import { plural } from '../text.ts'

/** Foreign text in it is not made harmless yet. */
export function tellEntry({ index, leaf }: LoggedEntry): string[] {
  const key = leaf.key === undefined ? '' : `, with key ${leaf.key}${leaf.keyVersion === undefined ? '' : ` version ${leaf.keyVersion}`}`
  const suite = leaf.suite === undefined ? '' : ` (${leaf.suite})`
  return [
    `entry ${index} (${leaf.kind}): at ${leaf.time} ${leaf.caller} asked for ${leaf.operation}${key}${suite}`,
    ...(leaf.modelName === undefined ? [] : [`it was for ${JSON.stringify(leaf.modelName)}${contentOf(leaf)}`]),
    ...(leaf.signatures ?? []).map(({ role, suite: made, digest }) => `${role} signature ${digest}, ${made}`),
    ...(leaf.result === undefined ? [] : [`result: ${[leaf.result, leaf.errorCode, leaf.reason].filter((part) => part !== undefined).join(', ')}`]),
  ]
}

function contentOf({ modelDigest, resourceCount }: LoggedEntry['leaf']): string {
  const count = resourceCount === undefined ? '' : `, ${plural(resourceCount, 'file or subject', 'files or subjects')}`
  return modelDigest === undefined ? count : `, ${modelDigest}${count}`
}
