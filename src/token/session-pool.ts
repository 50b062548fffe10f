/** Lends PKCS#11 sessions: one is kept for the next borrower when its work ended well, and closed on every other path. */
import pkcs11js from 'pkcs11js'
import { tokenError } from './cryptoki-errors.ts'
import type { Cryptoki, Handle } from './cryptoki-module.ts'

export interface LentSession extends Disposable {
  readonly session: Handle
  /** The work ended well: the session may be lent again. */
  keep(): void
}

/** The anchor session stays open as long as the process lives: closing the last session of a token logs out (PKCS#11 2.40 §5.6). */
export class SessionPool {
  readonly #cryptoki: Cryptoki
  readonly #slot: Handle
  #anchor: Handle | undefined
  #idle: Handle | undefined

  constructor(cryptoki: Cryptoki, slot: Handle) {
    this.#cryptoki = cryptoki
    this.#slot = slot
  }

  anchor(): Handle {
    // After a lost login the old anchor may be dead as well; a fresh one costs little. The old one goes last, so that a login it holds survives.
    const old = this.#anchor
    this.#anchor = this.#open()
    if (old !== undefined) this.#close(old)
    this.#dropIdle()
    return this.#anchor
  }

  lend(): LentSession {
    const session = this.#idle ?? this.#open()
    this.#idle = undefined
    let kept = false
    return {
      session,
      keep: () => {
        kept = true
      },
      [Symbol.dispose]: () => {
        if (kept && this.#idle === undefined) this.#idle = session
        else this.#close(session)
      },
    }
  }

  #dropIdle(): void {
    if (this.#idle !== undefined) this.#close(this.#idle)
    this.#idle = undefined
  }

  #open(): Handle {
    try {
      return this.#cryptoki.C_OpenSession(this.#slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
    } catch (cause) {
      throw tokenError(cause, 'open a session')
    }
  }

  #close(session: Handle): void {
    try {
      this.#cryptoki.C_CloseSession(session)
    } catch {
      // It was lost already; there is nothing left to give back.
    }
  }
}
