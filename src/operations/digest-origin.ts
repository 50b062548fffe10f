/** Where the digests of a manifest come from: computed by the daemon, as hash tickets prove, or asserted by the caller. */
import { excerpt, type Identity, SealstoneError } from '#core'
import { fileNameOf, type Manifest, type Resource } from '#hashing'
import { checkTicket } from '#tickets'
import type { Leaf } from '#tlog'
import type { OperationContext } from './context.ts'
import type { SignRequest } from './ports.ts'

export type DigestOrigin = Pick<Leaf, 'digestSource' | 'cachedDigests' | 'oldestCachedDigest'>

/** Throws INPUT_INVALID, TICKET_INVALID or TICKET_EXPIRED. */
export function digestOrigin(context: Pick<OperationContext, 'ticketKeys' | 'clock'>, caller: Identity, request: SignRequest): DigestOrigin {
  const { content, hashTickets = new Map<string, Uint8Array>(), cachedDigests } = request
  if (content.kind !== 'manifest') {
    if (hashTickets.size > 0 || cachedDigests !== undefined)
      throw new SealstoneError('INPUT_INVALID', 'hash_tickets and cached_digests are for a manifest, not for a statement')
    return {}
  }
  return {
    digestSource: hashTickets.size === 0 ? 'caller' : checkTickets(context, caller, content.manifest, hashTickets),
    ...(cachedDigests === undefined ? {} : checkCached(context, content.manifest, cachedDigests)),
  }
}

function checkTickets(
  context: Pick<OperationContext, 'ticketKeys' | 'clock'>,
  caller: Identity,
  manifest: Manifest,
  tickets: ReadonlyMap<string, Uint8Array>,
): 'daemon' | 'mixed' {
  const files = Map.groupBy(manifest.resources, (resource) => fileNameOf(resource, manifest.serialization.method))
  for (const [name, ticket] of tickets) checkOne(context, caller, manifest, name, files.get(name), ticket)
  return tickets.size === files.size ? 'daemon' : 'mixed'
}

function checkOne(
  { ticketKeys, clock }: Pick<OperationContext, 'ticketKeys' | 'clock'>,
  caller: Identity,
  { serialization: { hashType, shardSize } }: Manifest,
  name: string,
  parts: readonly Resource[] | undefined,
  ticket: Uint8Array,
): void {
  if (parts === undefined) throw new SealstoneError('INPUT_INVALID', `hash_tickets has ${excerpt(name)}, which is no file of the manifest`)
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const digests = parts.map(({ digest }) => digest)
  checkTicket(ticketKeys, { caller, name, size, hashType, digests, ...(shardSize === undefined ? {} : { shardSize }) }, ticket, clock.now())
}

function checkCached(
  { clock }: Pick<OperationContext, 'clock'>,
  { resources }: Manifest,
  { count, oldest }: NonNullable<SignRequest['cachedDigests']>,
): DigestOrigin {
  if (count > resources.length)
    throw new SealstoneError('INPUT_INVALID', `cached_digests.count is ${count}, but the manifest has ${resources.length} entries`)
  if (oldest.getTime() > clock.now().getTime() + CLOCK_TOLERANCE_MS)
    throw new SealstoneError('INPUT_INVALID', 'cached_digests.oldest is in the future')
  return { cachedDigests: count, oldestCachedDigest: oldest.toISOString() }
}

/** Clocks of callers differ. */
const CLOCK_TOLERANCE_MS = 60_000
