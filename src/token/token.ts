/** A logged-in token: lends sessions, finds objects, and repairs a lost session or login once. Everything is synchronous. */
import pkcs11js from 'pkcs11js'
import { type LogFields, type Logger, SealstoneError, type TokenValidation } from '#core'
import { faultClass, processUnfit, tokenError } from './cryptoki-errors.ts'
import { type Cryptoki, findToken, type FoundToken, type Handle, loadModule, type TokenInfo, type TokenName } from './cryptoki-module.ts'
import { findObjects } from './find-objects.ts'
import { login } from './login.ts'
import { keepsKeysLoaded } from './quirks.ts'
import type { FaultClass } from './return-values.ts'
import { SessionPool } from './session-pool.ts'
import { mayTellValidations, readValidations } from './validations.ts'

export interface TokenOptions {
  readonly modulePath: string
  readonly token: TokenName
  /** Holds the user PIN; mode 0600. */
  readonly pinFile: string
  /** As in `LoginOptions`. */
  readonly refusedElsewhere?: string | undefined
  readonly logger: Logger
  /** Mechanisms to do without although the token claims them. Default none. */
  readonly avoid?: readonly number[]
}

/** What a body run on the token gets: the module and a session of its own. */
export interface TokenSession {
  readonly cryptoki: Cryptoki
  readonly session: Handle
  readonly objects: ObjectFinder
}

export interface ObjectFinder {
  /** The one object with this class and CKA_ID. Throws TOKEN_KEY_MISMATCH when there is none, or more than one. */
  one(objectClass: number, ckaId: string): Handle
  /** Every object that matches, not cached; that there is none is only said by a token that is logged in. */
  wanted(template: pkcs11js.Template): Handle[]
  /** The same, where none is what is hoped for. */
  all(template: pkcs11js.Template): Handle[]
}

/** Loads the module, finds the token and logs in. Throws TOKEN_MISSING, TOKEN_PIN_REFUSED or TOKEN_UNAVAILABLE. */
export function openToken(options: TokenOptions): Token {
  const cryptoki = loadModule(options.modulePath)
  return new Token(cryptoki, findToken(cryptoki, options.modulePath, options.token), options)
}

export class Token {
  readonly info: TokenInfo
  readonly #cryptoki: Cryptoki
  readonly #slot: Handle
  readonly #options: TokenOptions
  readonly #sessions: SessionPool
  readonly #handles = new Map<string, Handle>()
  #validations: readonly TokenValidation[] | undefined
  #mechanisms: ReadonlySet<number> | undefined
  #isLoggedOut = false
  #sawObjects = false

  constructor(cryptoki: Cryptoki, found: FoundToken, options: TokenOptions) {
    this.#cryptoki = cryptoki
    this.#slot = found.slot
    this.#options = options
    this.info = found.info
    if (!mayTellValidations(found.cryptokiVersion)) this.#validations = []
    this.#sessions = new SessionPool(cryptoki, found.slot)
    this.#login()
  }

  /**
   * Runs `body` with a session. A lost session and a lost login are each repaired once and the body is run again; so a body does one
   * thing that may be done twice. `doing` is for messages: `sign`. Errors of the module become SealstoneErrors that keep their class.
   */
  run<Result>(doing: string, body: (on: TokenSession) => Result): Result {
    const repaired = new Set<FaultClass>()
    for (;;) {
      try {
        return this.#attempt(body)
      } catch (thrown) {
        const isFull = this.#mayBeFull(thrown)
        const fault = isFull ? 'login' : faultClass(thrown)
        if (fault === undefined) throw thrown
        if ((fault !== 'session' && fault !== 'login') || repaired.has(fault)) throw tokenError(thrown, doing)
        this.#options.logger.warn({ doing, fault, error: String(thrown) }, 'token call failed and is repeated')
        repaired.add(fault)
        if (isFull) this.#logout()
        if (fault === 'login') this.#loginAgain()
      }
    }
  }

  /** For what was repaired or could not be cleaned up: nobody is told, but it is in the log. */
  warn(fields: LogFields, message: string): void {
    this.#options.logger.warn(fields, message)
  }

  /** What the token claims to be able to do. A claim is checked where it matters, by trying. */
  supports(mechanism: number): boolean {
    this.#mechanisms ??= new Set(this.run('list mechanisms', ({ cryptoki }) => cryptoki.C_GetMechanismList(this.#slot)))
    return this.#mechanisms.has(mechanism) && this.#options.avoid?.includes(mechanism) !== true
  }

  /** Keys of so many bits are within what the token claims for this mechanism. A token that claims no upper limit is believed. */
  supportsKeySize(mechanism: number, bits: number): boolean {
    if (!this.supports(mechanism)) return false
    const { minKeySize, maxKeySize } = this.run('ask for key sizes', ({ cryptoki }) => cryptoki.C_GetMechanismInfo(this.#slot, mechanism))
    return maxKeySize === 0 || (bits >= minKeySize && bits <= maxKeySize)
  }

  /** By whom the token says that it was validated. Never throws: a token that does not answer says nothing, and is asked again the next time. */
  validations(): readonly TokenValidation[] {
    try {
      this.#validations ??= this.run('read the validations of the token', ({ cryptoki, session }) => readValidations(cryptoki, session))
      return this.#validations
    } catch (error) {
      this.#options.logger.warn({ error: String(error) }, 'the token does not tell of its validations')
      return []
    }
  }

  require(mechanism: number, what: string): void {
    if (!this.supports(mechanism)) throw new SealstoneError('TOKEN_UNSUPPORTED', `the token ${this.info.label} cannot ${what}`)
  }

  /** The objects with this id are gone. */
  forget(ckaId: string): void {
    for (const name of this.#handles.keys()) if (name.endsWith(`:${ckaId}`)) this.#handles.delete(name)
  }

  #attempt<Result>(body: (on: TokenSession) => Result): Result {
    using lent = this.#sessions.lend()
    const result = body({ cryptoki: this.#cryptoki, session: lent.session, objects: this.#finder(lent.session) })
    lent.keep()
    return result
  }

  /** No room for another key beside those of this login: a new login has room again. */
  #mayBeFull(thrown: unknown): boolean {
    return keepsKeysLoaded(this.info) && this.#handles.size > 0 && faultClass(thrown) === 'module'
  }

  #logout(): void {
    try {
      this.#cryptoki.C_Logout(this.#sessions.anchor())
    } catch (thrown) {
      this.#options.logger.warn({ error: String(thrown) }, 'logging out failed')
    }
  }

  #loginAgain(): void {
    this.#isLoggedOut = true
    this.#login()
    this.#isLoggedOut = false
  }

  #login(): void {
    this.#handles.clear() // handles of private objects do not survive a logout (PKCS#11 2.40 §5.6, C_Logout)
    const { pinFile, refusedElsewhere, logger } = this.#options
    login({
      cryptoki: this.#cryptoki,
      slot: this.#slot,
      session: this.#sessions.anchor(),
      serial: this.info.serial,
      pinFile,
      refusedElsewhere,
      logger,
    })
  }

  #finder(session: Handle): ObjectFinder {
    const all = (template: pkcs11js.Template): Handle[] => findObjects(this.#cryptoki, session, template)
    const wanted = (template: pkcs11js.Template): Handle[] => {
      const found = all(template)
      // Without a login a token hides its private keys, and "there is none" must not be believed.
      if (found.length === 0 && this.#isLoggedOut) throw processUnfit('the login was lost and could not be made again')
      return found
    }
    const one = (objectClass: number, ckaId: string): Handle => {
      const name = `${objectClass}:${ckaId}`
      const known = this.#handles.get(name)
      if (known !== undefined) return known
      const found = wanted([
        { type: pkcs11js.CKA_CLASS, value: objectClass },
        { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
        { type: pkcs11js.CKA_TOKEN, value: true },
      ])
      const [handle] = found
      if (handle === undefined && this.#sawObjects && all([{ type: pkcs11js.CKA_TOKEN, value: true }]).length === 0) {
        // SoftHSM says so when its store was taken away, even after it is back, and when the process has no file descriptor left.
        throw processUnfit('the token shows no object at all to this process, and showed some before')
      }
      if (handle === undefined || found.length > 1) {
        throw new SealstoneError('TOKEN_KEY_MISMATCH', `the token has ${found.length} objects of class ${objectClass} with id ${ckaId}, want 1`)
      }
      this.#handles.set(name, handle)
      this.#sawObjects = true
      return handle
    }
    return { one, wanted, all }
  }
}
