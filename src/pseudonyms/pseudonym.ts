/** A caller's pseudonym: a keyed hash of the identity. Whoever has the key can tell whether a name belongs to it; nobody can turn it back. */
import { createHmac } from 'node:crypto'
import { type Identity, parseIdentity } from '#core'

/** `p:` and the first 16 bytes of HMAC-SHA-256(key, identity), base64url: 24 characters. No certificate can name it: no DNS name and no SPIFFE ID has this form. */
export function pseudonymOf(key: Uint8Array, identity: string): Identity {
  const mac = createHmac('sha256', key).update(identity).digest().subarray(0, MAC_BYTES)
  return parseIdentity(PREFIX + mac.toString('base64url'))
}

export function isPseudonym(text: string): boolean {
  return /^p:[A-Za-z0-9_-]{22}$/.test(text)
}

/** What the log writes for a caller, and all that it may have written. */
export class Pseudonyms {
  readonly #current: Uint8Array | undefined
  readonly #keys: readonly Uint8Array[]

  /**
   * @param current undefined: callers are written as they are
   * @param former keys that were used before
   */
  constructor(current: Uint8Array | undefined, former: readonly Uint8Array[]) {
    this.#current = current
    this.#keys = current === undefined ? former : [current, ...former]
  }

  /** The daemon itself and whoever came without a name stay as they are; so does what is a pseudonym already. */
  write(caller: Identity): Identity {
    if (this.#current === undefined || NAMES_OF_NOBODY.has(caller) || isPseudonym(caller)) return caller
    return pseudonymOf(this.#current, caller)
  }

  /** As it is, and under every key. */
  find(caller: string): readonly string[] {
    return NAMES_OF_NOBODY.has(caller) || isPseudonym(caller) ? [caller] : [caller, ...this.#keys.map((key) => pseudonymOf(key, caller))]
  }
}

const PREFIX = 'p:'
const MAC_BYTES = 16
const NAMES_OF_NOBODY: ReadonlySet<string> = new Set(['local', 'loopback', 'unknown'])
