/** A key goes to a child once and is named by a number from then on: a sealed composite key is some 6 KB, a message to sign half of that. */
import type { KeyMaterial } from './key-material.ts'
import type { Command, KeyReference, WireCommand } from './protocol.ts'

/** The parent's side: what this child has been sent. */
export class SentKeys {
  readonly #known = new Set<number>()

  shorten(command: Command): WireCommand {
    if (command.kind !== 'sign') return command
    return { kind: 'sign', request: command.request.map(({ key, message }) => ({ key: this.#reference(key), message })) }
  }

  #reference(key: KeyMaterial): KeyReference {
    const id = numberOf(key)
    if (this.#known.has(id)) return { id }
    this.#known.add(id)
    forgetOldest(this.#known)
    return { id, material: key }
  }
}

/** The child's side, which forgets in the same order as the parent. */
export class ReceivedKeys {
  readonly #materials = new Map<number, KeyMaterial>()

  learn({ id, material }: KeyReference): void {
    if (material === undefined) return
    this.#materials.set(id, material)
    forgetOldest(this.#materials)
  }

  /** Its own material counts where it comes with it: by now it may be forgotten again. */
  resolve({ id, material }: KeyReference): KeyMaterial | undefined {
    return material ?? this.#materials.get(id)
  }
}

// An object of this process is one key; a changed record brings another object.
const numbers = new WeakMap<KeyMaterial, number>()
let lastNumber = 0

function numberOf(key: KeyMaterial): number {
  const known = numbers.get(key)
  if (known !== undefined) return known
  numbers.set(key, ++lastNumber)
  return lastNumber
}

function forgetOldest(known: Set<number> | Map<number, unknown>): void {
  if (known.size <= MOST_KEYS) return
  const [oldest] = known.keys()
  if (oldest !== undefined) known.delete(oldest)
}

const MOST_KEYS = 4096
