/** Keys that this child may sign with: each tested before its first signature here, and its ML-DSA half kept expanded for a short while. */
import type { MlDsaSet, MlDsaSigner } from '#suites'
import { checkKey } from './check-keys.ts'
import type { KeyMaterial } from './key-material.ts'
import { openSeed } from './sealed-seeds.ts'
import type { KeyHostParts } from './sign-items.ts'

interface Expanded {
  readonly sign: MlDsaSigner
  readonly openedAt: number
  usedAt: number
}

export class ReadyKeys {
  readonly #parts: KeyHostParts
  readonly #idleMs: number
  readonly #now: () => number
  readonly #tested = new WeakSet<KeyMaterial>()
  readonly #expanded = new Map<KeyMaterial, Expanded>()

  /** @param idleMs an expanded key lives so long after its last signature; 0: it is never kept */
  constructor(parts: KeyHostParts, idleMs: number, now: () => number = () => performance.now()) {
    this.#parts = parts
    this.#idleMs = idleMs
    this.#now = now
  }

  /** Throws TOKEN_KEY_MISMATCH, SEALED_SEED_INVALID or SIGNATURE_MISMATCH for a key that is not as recorded. */
  test(key: KeyMaterial): void {
    if (this.#tested.has(key)) return
    checkKey(this.#parts, key)
    this.#tested.add(key)
  }

  /** The ML-DSA half, kept expanded while it is in use. */
  mlDsa(key: KeyMaterial, set: MlDsaSet): MlDsaSigner {
    const now = this.#now()
    const kept = this.#expanded.get(key)
    if (kept !== undefined && now - kept.openedAt < KEPT_MS) {
      kept.usedAt = now
      return kept.sign
    }
    using seed = openSeed(this.#parts, key, 'ml-dsa')
    const sign = this.#parts.engine.openMlDsaKey(set, seed.bytes)
    if (this.#idleMs > 0) this.#expanded.set(key, { sign, openedAt: now, usedAt: now })
    return sign
  }

  /** Lets go of what was not used lately, or is old; how many are left. The memory is wiped when the collector takes them. */
  sweep(): number {
    const now = this.#now()
    for (const [key, { openedAt, usedAt }] of this.#expanded) {
      if (now - usedAt >= this.#idleMs || now - openedAt >= KEPT_MS) this.#expanded.delete(key)
    }
    return this.#expanded.size
  }
}

/** However busy it is, an expanded key is dropped so long after it was unsealed: then the token is asked again. docs/tokens.md */
const KEPT_MS = 60_000
