/** What to trust, as verify and mcp serve are told. */
import { join } from 'node:path'
import type { TrustSource } from '#client/offline'
import { SealstoneError } from '#core'

export type TrustOptions = { trust?: string; publicKey?: string[]; trustRoot?: string[] }

/** Throws USAGE where more than one kind is named. */
export function trustSource(home: string, { trust, publicKey, trustRoot }: TrustOptions): TrustSource {
  if ([trust, publicKey, trustRoot].filter((option) => option !== undefined).length > 1) {
    throw new SealstoneError('USAGE', '--trust, --public-key and --trust-root exclude each other', { hint: 'name one kind of thing to trust' })
  }
  if (publicKey !== undefined) return { kind: 'public-key', paths: publicKey }
  if (trustRoot !== undefined) return { kind: 'trust-root', paths: trustRoot }
  return { kind: 'trust-file', path: trust ?? join(home, 'trust.json') }
}
