/** A token on trial: what it says of itself, and objects that are made only to be tried. Raw calls; nothing is repaired and nothing repeated. */
import pkcs11js from 'pkcs11js'
import { type Logger, SealstoneError, type TokenValidation } from '#core'
import { faultClass, returnValue, tokenError } from './cryptoki-errors.ts'
import { type Cryptoki, findToken, type FoundToken, type Handle, loadModule, type TokenInfo, type TokenName, tokenFlags } from './cryptoki-module.ts'
import { findObjects } from './find-objects.ts'
import { login } from './login.ts'
import { keepsKeysLoaded } from './quirks.ts'
import { mayTellValidations, readValidations } from './validations.ts'

export interface TrialOptions {
  readonly modulePath: string
  readonly token: TokenName
  readonly pinFile: string
  /** As in `LoginOptions`. */
  readonly refusedElsewhere?: string | undefined
  readonly logger: Logger
}

/** What the token says without a login. Counts are absent where it does not tell or sets no limit. */
export interface TokenFacts extends TokenInfo {
  readonly hardware: string
  /** Names of the set CK_TOKEN_INFO flags, such as `CKF_RNG`. */
  readonly flags: readonly string[]
  readonly maxSessions?: number
  /** Sessions of this process and, where the token counts them, of others. */
  readonly openSessions?: number
  /** Only of a token with a clock: its time, ISO 8601. */
  readonly time?: string
  readonly mechanisms: number
  /** Absent where it tells of none. */
  readonly validations?: readonly TokenValidation[]
}

export interface Trial {
  readonly cryptoki: Cryptoki
  readonly session: Handle
  readonly slot: Handle
}

/** Throws TOKEN_MISSING or TOKEN_UNAVAILABLE. */
export function openTrial(options: TrialOptions): TokenOnTrial {
  const cryptoki = loadModule(options.modulePath)
  return new TokenOnTrial(cryptoki, findToken(cryptoki, options.modulePath, options.token), options)
}

export class TokenOnTrial {
  readonly info: TokenInfo
  readonly #cryptoki: Cryptoki
  readonly #slot: Handle
  readonly #options: TrialOptions
  readonly #mechanisms: ReadonlySet<number>
  readonly #mayTellValidations: boolean
  #anchor: Handle | undefined
  #refusedSessionObjects: string | undefined

  constructor(cryptoki: Cryptoki, { slot, info, cryptokiVersion }: FoundToken, options: TrialOptions) {
    this.#cryptoki = cryptoki
    this.#slot = slot
    this.#options = options
    this.info = info
    this.#mayTellValidations = mayTellValidations(cryptokiVersion)
    this.#mechanisms = new Set(ask('list mechanisms', () => cryptoki.C_GetMechanismList(slot)))
  }

  /** The code with which the token refused objects that are in its session alone; they are in the token then, and removed. */
  get refusedSessionObjects(): string | undefined {
    return this.#refusedSessionObjects
  }

  facts(): TokenFacts {
    const said = ask('read the state of the token', () => this.#cryptoki.C_GetTokenInfo(this.#slot))
    const time = (said.flags & pkcs11js.CKF_CLOCK_ON_TOKEN) === 0 ? undefined : isoTime(said.utcTime)
    return {
      ...this.info,
      hardware: `${said.hardwareVersion.major}.${said.hardwareVersion.minor}`,
      flags: FLAGS.filter(([, bit]) => (said.flags & bit) !== 0).map(([name]) => name),
      ...(isCount(said.maxSessionCount) && said.maxSessionCount > 0 ? { maxSessions: said.maxSessionCount } : {}),
      ...(isCount(said.sessionCount) ? { openSessions: said.sessionCount } : {}),
      ...(time === undefined ? {} : { time }),
      mechanisms: this.#mechanisms.size,
      ...this.#validations(),
    }
  }

  /** A token that does not answer tells of none. */
  #validations(): Pick<TokenFacts, 'validations'> {
    if (!this.#mayTellValidations) return {}
    try {
      const validations = this.with('read the validations of the token', ({ cryptoki, session }) => readValidations(cryptoki, session))
      return validations.length === 0 ? {} : { validations }
    } catch (error) {
      this.#options.logger.warn({ error: String(error) }, 'the token does not tell of its validations')
      return {}
    }
  }

  /** Stricter than the daemon: with a lowered counter no PIN is sent, whoever lowered it. Throws TOKEN_PIN_REFUSED. */
  login(): void {
    if ((tokenFlags(this.#cryptoki, this.#slot) & pkcs11js.CKF_USER_PIN_COUNT_LOW) !== 0)
      throw new SealstoneError('TOKEN_PIN_REFUSED', 'a wrong PIN was entered since the last login; a probe sends none then', {
        hint: 'log in once by hand with the right PIN (pkcs11-tool --login --test); that resets the counter',
      })
    this.#anchor ??= this.#open() // stays open: with its last session a process is logged out (PKCS#11 2.40 §5.6)
    const { pinFile, refusedElsewhere, logger } = this.#options
    login({ cryptoki: this.#cryptoki, slot: this.#slot, session: this.#anchor, serial: this.info.serial, pinFile, refusedElsewhere, logger })
  }

  claims(mechanism: number): boolean {
    return this.#mechanisms.has(mechanism)
  }

  /** What the token claims of a mechanism's key sizes; a token that claims no upper limit is believed. */
  claimsKeySize(mechanism: number, bits: number): boolean {
    const { minKeySize, maxKeySize } = ask('ask for key sizes', () => this.#cryptoki.C_GetMechanismInfo(this.#slot, mechanism))
    return maxKeySize === 0 || (bits >= minKeySize && bits <= maxKeySize)
  }

  /** A session of its own for `work`, closed on every path; what it made in that session alone goes with it. */
  with<Result>(doing: string, work: (trial: Trial) => Result): Result {
    const session = this.#open()
    try {
      return ask(doing, () => work({ cryptoki: this.#cryptoki, session, slot: this.#slot }))
    } finally {
      this.#close(session)
    }
  }

  /** Opens sessions until the token refuses or `most` are open, and closes them again. */
  countSessions(most: number): { readonly opened: number; readonly refusal?: string } {
    const open: Handle[] = []
    try {
      while (open.length < most) open.push(this.#cryptoki.C_OpenSession(this.#slot, RW_SESSION))
      return { opened: open.length }
    } catch (thrown) {
      const refusal = returnValue(thrown)
      if (refusal === undefined || open.length === 0) throw tokenError(thrown, 'open a session')
      return { opened: open.length, refusal }
    } finally {
      for (const session of open) this.#close(session)
    }
  }

  /**
   * Lets `make` make objects, in the session alone where the token takes that, and destroys them after `use` on every path.
   * @param make is given the attributes that every object of a trial has
   */
  withObjects<Result>(trial: Trial, make: (common: pkcs11js.Template) => readonly Handle[], use: (handles: readonly Handle[]) => Result): Result {
    const handles = this.#make(make)
    try {
      return use(handles)
    } finally {
      for (const handle of this.#unload() ? labelled(trial) : handles) this.#destroy(trial, handle)
    }
  }

  /** Objects of trials that were killed, and those that could not be destroyed; how many were found, and how many are still there. */
  removeLeftovers(): { readonly found: number; readonly left: number } {
    return this.with('remove what a probe left', (trial) => {
      const found = labelled(trial)
      for (const handle of found) this.#destroy(trial, handle)
      return { found: found.length, left: found.length === 0 ? 0 : labelled(trial).length }
    })
  }

  /** A token that keeps every key loaded until the logout has no room after a few, and keeps one that is destroyed too; handles are new then. */
  #unload(): boolean {
    if (!keepsKeysLoaded(this.info) || this.#anchor === undefined) return false
    this.#cryptoki.C_Logout(this.#anchor)
    this.login()
    return true
  }

  #make(make: (common: pkcs11js.Template) => readonly Handle[]): readonly Handle[] {
    const label = { type: pkcs11js.CKA_LABEL, value: TRIAL_LABEL }
    const inToken = (): readonly Handle[] => make([label, { type: pkcs11js.CKA_TOKEN, value: true }])
    if (this.#refusedSessionObjects !== undefined) return inToken()
    try {
      return make([label, { type: pkcs11js.CKA_TOKEN, value: false }])
    } catch (thrown) {
      // A token may keep no objects but its own; which code says so is up to it. If it makes none of its own either, the first refusal counts.
      const refusal = returnValue(thrown)
      if (refusal === undefined || faultClass(thrown) === 'session' || faultClass(thrown) === 'login') throw thrown
      const handles = orThrow(inToken, thrown)
      this.#refusedSessionObjects = refusal
      return handles
    }
  }

  #destroy({ cryptoki, session }: Trial, handle: Handle): void {
    try {
      cryptoki.C_DestroyObject(session, handle)
    } catch (error) {
      this.#options.logger.warn({ error: String(error) }, 'an object of a probe could not be destroyed')
    }
  }

  #open(): Handle {
    return ask('open a session', () => this.#cryptoki.C_OpenSession(this.#slot, RW_SESSION))
  }

  #close(session: Handle): void {
    try {
      this.#cryptoki.C_CloseSession(session)
    } catch {
      // It was lost already.
    }
  }
}

function labelled({ cryptoki, session }: Trial): Handle[] {
  return findObjects(cryptoki, session, [{ type: pkcs11js.CKA_LABEL, value: TRIAL_LABEL }])
}

function ask<Result>(doing: string, question: () => Result): Result {
  try {
    return question()
  } catch (thrown) {
    if (thrown instanceof SealstoneError) throw thrown
    throw tokenError(thrown, doing)
  }
}

function orThrow<Result>(work: () => Result, instead: unknown): Result {
  try {
    return work()
  } catch {
    throw instead
  }
}

/** PKCS#11 2.40 §3.2: CK_UNAVAILABLE_INFORMATION is the largest CK_ULONG, which is no safe integer. */
function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 0xffff_ffff
}

/** `YYYYMMDDhhmmss00`, UTC (PKCS#11 2.40 §3.2); undefined for anything else. */
function isoTime(text: string): string | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})/.exec(text)
  return match === null ? undefined : `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`
}

const RW_SESSION = pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION
/** CKA_LABEL of whatever a trial makes: how it is found again. */
const TRIAL_LABEL = 'sealstone probe'
/** PKCS#11 2.40 §3.2, CK_TOKEN_INFO flags that say something about a login or a fault. */
const FLAGS: readonly (readonly [name: string, bit: number])[] = [
  ['CKF_RNG', 0x1],
  ['CKF_WRITE_PROTECTED', 0x2],
  ['CKF_LOGIN_REQUIRED', 0x4],
  ['CKF_USER_PIN_INITIALIZED', 0x8],
  ['CKF_CLOCK_ON_TOKEN', 0x40],
  ['CKF_PROTECTED_AUTHENTICATION_PATH', 0x100],
  ['CKF_TOKEN_INITIALIZED', 0x400],
  ['CKF_USER_PIN_COUNT_LOW', 0x1_0000],
  ['CKF_USER_PIN_FINAL_TRY', 0x2_0000],
  ['CKF_USER_PIN_LOCKED', 0x4_0000],
  ['CKF_USER_PIN_TO_BE_CHANGED', 0x8_0000],
  ['CKF_SO_PIN_COUNT_LOW', 0x10_0000],
  ['CKF_SO_PIN_FINAL_TRY', 0x20_0000],
  ['CKF_SO_PIN_LOCKED', 0x40_0000],
  ['CKF_SO_PIN_TO_BE_CHANGED', 0x80_0000],
  ['CKF_ERROR_STATE', 0x100_0000],
]
