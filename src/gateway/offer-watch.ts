/** Fetches what the server offers and compares it with what was approved: once at a time, again when it may have changed. */
import { type SealstoneError, toSealstoneError } from '#core'
import { diffOffers, type Offer, offerDigest, type OfferDifference } from '#toolsets'
import { type Asker, type Fetched, fetchOffer, type ServerIdentity, type UpstreamLimits } from '#upstream'
import type { Approval, Block } from './approval.ts'

export type Verdict =
  | { readonly kind: 'verified'; readonly fetched: Fetched; readonly tools: ReadonlySet<string>; readonly prompts: ReadonlySet<string> }
  | { readonly kind: 'blocked'; readonly block: Block; readonly fetched?: Fetched }

export class OfferWatch {
  /** Undefined until the first comparison, and while what it was about has changed. */
  verdict: Verdict | undefined
  #approval: Approval
  readonly #limits: UpstreamLimits
  readonly #onVerdict: (verdict: Verdict, digest: string | undefined) => void
  #running: Promise<Verdict> | undefined
  #stale = false
  #checkedAt = 0
  #goodForMs = LONGEST_TTL_MS

  constructor(approval: Approval, limits: UpstreamLimits, onVerdict: (verdict: Verdict, digest: string | undefined) => void) {
    this.#approval = approval
    this.#limits = limits
    this.#onVerdict = onVerdict
  }

  /** The verdict holds as long as the server said its lists may be kept. */
  get current(): Verdict | undefined {
    return this.verdict !== undefined && performance.now() - this.#checkedAt < this.#goodForMs ? this.verdict : undefined
  }

  get ageMs(): number {
    return performance.now() - this.#checkedAt
  }

  /** Who the server says it is, before anything else of it is known. */
  judgeIdentity(identity: ServerIdentity): Block | undefined {
    try {
      this.#approval = this.#approval.latest?.() ?? this.#approval
    } catch (error) {
      return unapproved(toSealstoneError(error))
    }
    const { instructions: _, ...approved } = this.#approval.offer
    const now: Offer = {
      ...approved,
      server: identity.server,
      ...(identity.instructions === undefined ? {} : { instructions: identity.instructions }),
    }
    try {
      return this.#block(diffOffers(this.#approval.offer, now))
    } catch (error) {
      return failure(toSealstoneError(error))
    }
  }

  /** What is being compared has changed again. */
  changedMeanwhile(): void {
    this.#stale = true
  }

  /** Never rejects: what cannot be fetched or compared is blocked. Joins one that is running, which begins again if something `changed` since. */
  async check(asker: () => Promise<Asker>, changed = false): Promise<Verdict> {
    if (this.#running !== undefined) {
      if (changed) this.#stale = true
      return await this.#running
    }
    this.verdict = undefined
    this.#running = this.#run(asker)
    try {
      return await this.#running
    } finally {
      this.#running = undefined
    }
  }

  async #run(asker: () => Promise<Asker>): Promise<Verdict> {
    let judged: { verdict: Verdict; digest: string | undefined }
    let rounds = 0
    do {
      this.#stale = false
      judged = await this.#judge(asker)
    } while (this.#stale && ++rounds < MOST_ROUNDS)
    this.#checkedAt = performance.now()
    this.#onVerdict(judged.verdict, judged.digest)
    this.verdict = judged.verdict
    return judged.verdict
  }

  async #judge(asker: () => Promise<Asker>): Promise<{ verdict: Verdict; digest: string | undefined }> {
    try {
      this.#approval = (await this.#approval.renew?.()) ?? this.#approval
    } catch (error) {
      this.#goodForMs = this.#limits.recheckMs
      return { verdict: { kind: 'blocked', block: unapproved(toSealstoneError(error)) }, digest: undefined }
    }
    try {
      const fetched = await fetchOffer(await asker(), { limits: this.#limits })
      this.#goodForMs = Math.min(Math.max(fetched.ttlMs ?? LONGEST_TTL_MS, this.#limits.recheckMs), LONGEST_TTL_MS)
      const block = this.#block(diffOffers(this.#approval.offer, fetched.offer))
      if (block !== undefined) return { verdict: { kind: 'blocked', block, fetched }, digest: digestOf(fetched.offer) }
      return {
        verdict: { kind: 'verified', fetched, tools: names(fetched.offer.tools), prompts: names(fetched.offer.prompts) },
        digest: this.#approval.digest,
      }
    } catch (error) {
      this.#goodForMs = this.#limits.recheckMs // it may be better then
      return { verdict: { kind: 'blocked', block: failure(toSealstoneError(error)) }, digest: undefined }
    }
  }

  #block(differences: readonly OfferDifference[]): Block | undefined {
    const [first] = differences
    if (first === undefined) return undefined
    const others = differences.length > 1 ? `, and ${differences.length - 1} more` : ''
    return {
      code: 'MCP_BLOCKED',
      reason: `the MCP server does not offer what was approved: ${first.reason}${others}`,
      hint: `look at the differences; if they are right, approve them anew: sealstone mcp sign or sealstone mcp approve`,
      differences,
    }
  }
}

/** What was approved at the start does not count any more. */
function unapproved({ message, hint }: SealstoneError): Block {
  return { code: 'MCP_UNAPPROVED', reason: `what this MCP server may offer is not approved any more: ${message}`, hint, differences: [] }
}

function failure(error: SealstoneError): Block {
  const known = error.code === 'MCP_SERVER_UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED' ? error.code : 'MCP_SERVER_FAULT'
  return { code: known, reason: error.message, hint: error.hint, differences: [] }
}

function names(list: readonly { readonly [name: string]: unknown }[]): ReadonlySet<string> {
  return new Set(list.map((item) => item['name'] as string)) // offers were compared: they have names
}

/** Of an offer with duplicates there is none. */
function digestOf(offer: Offer): string | undefined {
  try {
    return offerDigest(offer)
  } catch {
    return undefined
  }
}

/** Also without a word of the server it is asked again after this long, when there is a call. */
const LONGEST_TTL_MS = 60_000
/** A server that tells of a change whenever it is asked is asked no more than this often in one go. */
const MOST_ROUNDS = 3
