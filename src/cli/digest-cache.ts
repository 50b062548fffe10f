/** The digest cache of the state directory, for the commands that may use it. SQLite is loaded only then. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SealstoneError } from '#core'
import type { DigestCache } from '#hashing'
import type { Output } from './output.ts'

/** Throws HOME_MISSING. A cache that cannot be used is told, and the work goes on without. */
export async function openCache(home: string, output: Output, isWanted: boolean | undefined): Promise<(DigestCache & Disposable) | undefined> {
  if (isWanted !== true) return undefined
  if (!existsSync(home)) {
    throw new SealstoneError('HOME_MISSING', `no state directory ${home} for the cache`, {
      hint: 'make one with sealstone init, or name another with --home or SEALSTONE_HOME',
    })
  }
  try {
    const { openDigestCache } = await import('#digestcache')
    const cache = openDigestCache(join(home, 'digests.db'))
    if (cache.replaced !== undefined) output.warn(`the digest cache could not be read and was made anew: ${cache.replaced}`)
    return cache
  } catch (error) {
    output.warn(`the digest cache cannot be used: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
