/** Signings that a person was asked about: what was shown is kept here, so that just that is signed, once. */
import { randomUUID } from 'node:crypto'
import type { Manifest } from '#client/offline'
import { SealstoneError } from '#core'

export interface Approval {
  /** Real path of the model. */
  readonly path: string
  readonly key: string
  /** As it was hashed before the person was asked. */
  readonly manifest: Manifest
}

export class Approvals {
  readonly #pending = new Map<string, { readonly approval: Approval; readonly until: number }>()

  /** A text that nobody can guess. The oldest one is given up where too many wait. */
  ask(approval: Approval): string {
    const id = randomUUID()
    this.#pending.set(id, { approval, until: performance.now() + APPROVAL_WAIT_MS })
    if (this.#pending.size > MOST_PENDING) this.#pending.delete(this.#pending.keys().next().value as string)
    return id
  }

  /** Once. Throws INPUT_INVALID for what was not asked, was answered, or was asked too long ago. */
  take(id: string): Approval {
    const found = this.#pending.get(id)
    this.#pending.delete(id)
    if (found !== undefined && found.until > performance.now()) return found.approval
    throw new SealstoneError('INPUT_INVALID', 'nobody was asked about this signing, or too long ago', { hint: 'call request_signature again' })
  }
}

const MOST_PENDING = 8
/** For a person to answer, at every host. */
export const APPROVAL_WAIT_MS = 15 * 60_000
