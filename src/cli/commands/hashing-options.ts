/** The options of `sign` and `hash` as the hashing room takes them. */
import type { HashModelOptions, HashType } from '#hashing'

export function hashingOptions(options: { algorithm?: HashType; shardSize?: number; ignore?: string[] }): HashModelOptions {
  return {
    ...(options.algorithm === undefined ? {} : { hashType: options.algorithm }),
    ...(options.shardSize === undefined ? {} : { method: 'shards' as const, shardSize: options.shardSize }),
    ...(options.ignore === undefined ? {} : { ignorePaths: options.ignore }),
  }
}
