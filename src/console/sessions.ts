/** Who may look: links that open one session once, and sessions that end by themselves. Neither is kept, only their hashes. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Clock, SealstoneError, toBase64Url } from '#core'

export interface SessionLimits {
  readonly linkMs: number
  readonly sessionMs: number
}

export class Sessions {
  readonly #clock: Clock
  readonly #limits: SessionLimits
  readonly #links: Ticket[] = []
  readonly #sessions: Ticket[] = []

  constructor(clock: Clock, limits: SessionLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** A token for one link. The oldest link that nobody used gives way when there are too many. */
  newLink(): string {
    return this.#issue(this.#links, this.#limits.linkMs, MOST_LINKS)
  }

  /** The token of a new session, or undefined for a link that was used, has expired or never was. Throws OVERLOADED. */
  open(link: string): string | undefined {
    const found = this.#find(this.#links, link)
    if (found === undefined) return undefined
    this.#forgetExpired(this.#sessions)
    // Before the link is used up: it opens a session when one has ended.
    if (this.#sessions.length >= MOST_SESSIONS) throw new SealstoneError('OVERLOADED', `${MOST_SESSIONS} sessions of the console are open already`)
    this.#links.splice(this.#links.indexOf(found), 1)
    return this.#issue(this.#sessions, this.#limits.sessionMs, MOST_SESSIONS)
  }

  isOpen(session: string): boolean {
    return this.#find(this.#sessions, session) !== undefined
  }

  close(session: string): void {
    const found = this.#find(this.#sessions, session)
    if (found !== undefined) this.#sessions.splice(this.#sessions.indexOf(found), 1)
  }

  #issue(tickets: Ticket[], lifeMs: number, most: number): string {
    this.#forgetExpired(tickets)
    if (tickets.length >= most) tickets.shift()
    const token = toBase64Url(randomBytes(TOKEN_BYTES))
    tickets.push({ hash: hash(token), endsAt: this.#clock.monotonicMs() + lifeMs })
    return token
  }

  /** Looks at every ticket whatever it finds, so that the time says nothing. */
  #find(tickets: Ticket[], token: string): Ticket | undefined {
    this.#forgetExpired(tickets)
    const wanted = hash(token)
    let found: Ticket | undefined
    for (const ticket of tickets) if (timingSafeEqual(ticket.hash, wanted)) found = ticket
    return found
  }

  #forgetExpired(tickets: Ticket[]): void {
    const now = this.#clock.monotonicMs()
    tickets.splice(0, tickets.length, ...tickets.filter(({ endsAt }) => endsAt > now))
  }
}

interface Ticket {
  readonly hash: Buffer
  readonly endsAt: number
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

const TOKEN_BYTES = 32
const MOST_LINKS = 16
const MOST_SESSIONS = 64
