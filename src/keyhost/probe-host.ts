/** The child's side of a probe: opens the token, logs in, tries one thing when told. What a step finds wrong is its row, never an exception. */
import { type Logger, SealstoneError, toSealstoneError, unreachable } from '#core'
import { type Engine, type Primitive } from '#suites'
import { nativeEngine } from '#suites/native'
import {
  claimsAesGcm,
  claimsKeyPair,
  claimsRsaOaep,
  type FaultClass,
  faultClass,
  type KeyOnTrial,
  listObjects,
  openTrial,
  returnValue,
  type TokenOnTrial,
  tryRandom,
  withAesKey,
  withKeyPair,
  withRsaKey,
} from '#token'
import { boundSymbols } from './bound-symbols.ts'
import type { ProbeReply, ProbeRequest, ProbeRow, ProbeStep } from './probe-steps.ts'

export class ProbeHost {
  readonly #logger: Logger
  readonly #engine: Engine = nativeEngine()
  #open: { readonly token: TokenOnTrial; readonly moduleFile: string } | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Throws what opening and logging in throw. */
  obey(request: ProbeRequest): ProbeReply {
    switch (request.kind) {
      case 'open': {
        const { kind: _kind, modulePath, moduleFile, token: label, pinFile, refusedElsewhere, ...name } = request
        const token = openTrial({ modulePath, token: { label, ...name }, pinFile, refusedElsewhere, logger: this.#logger })
        this.#open = { token, moduleFile }
        return { facts: token.facts() }
      }
      case 'login':
        this.#use().token.login()
        return null
      case 'step':
        return { row: this.#try(request.step) }
      default:
        return unreachable(request)
    }
  }

  #try(name: ProbeStep): ProbeRow {
    const { token, moduleFile } = this.#use()
    try {
      return { name, ...tryStep(token, this.#engine, moduleFile, name) }
    } catch (thrown) {
      const { message, hint } = toSealstoneError(thrown)
      const [code, fault] = [returnValue(thrown), faultClass(thrown)]
      const advice = fault === undefined ? hint : ADVICE[fault]
      return { name, result: 'fails', detail: message, hint: advice, ...(code === undefined ? {} : { returnValue: code }) }
    }
  }

  #use(): { readonly token: TokenOnTrial; readonly moduleFile: string } {
    if (this.#open === undefined) throw new SealstoneError('INTERNAL', 'the probe is not open')
    return this.#open
  }
}

type Found = Omit<ProbeRow, 'name'>

function tryStep(token: TokenOnTrial, engine: Engine, moduleFile: string, step: ProbeStep): Found {
  switch (step) {
    case 'leftovers':
      return leftovers(token, 'an earlier probe that was stopped')
    case 'clean-up':
      return leftovers(token, 'this probe')
    case 'random':
      return { result: 'works', ms: median(repeat(() => tryRandom(token))), detail: '32 bytes at a time' }
    case 'objects': {
      const searches = repeat(() => listObjects(token))
      return { result: 'works', ms: median(searches.map(({ ms }) => ms)), detail: `${searches[0]?.count ?? 0} objects in the token, one search` }
    }
    case 'sessions': {
      const start = performance.now()
      const { opened, refusal } = token.countSessions(MOST_SESSIONS)
      const detail = `${opened} more at once${refusal === undefined ? ', not more were tried' : `, then ${refusal}`}`
      return {
        result: 'works',
        count: opened,
        ms: round((performance.now() - start) / opened),
        detail,
        ...(refusal === undefined ? {} : { returnValue: refusal }),
      }
    }
    case 'seal aes-256-gcm':
      return trySealing(token)
    case 'seal rsa-oaep':
      return tryRsa(token)
    case 'symbol binding':
      return describeSymbols(moduleFile)
    default:
      return trySigning(token, engine, step.slice('sign '.length) as Primitive)
  }
}

function leftovers(token: TokenOnTrial, whose: string): Found {
  const { found, left } = token.removeLeftovers()
  if (left > 0)
    return {
      result: 'fails',
      detail: `${left} objects labelled "sealstone probe" cannot be removed from the token`,
      hint: 'remove them by hand: pkcs11-tool --login --delete-object --label "sealstone probe"; nothing uses them',
    }
  return { result: 'works', detail: found === 0 ? `nothing left by ${whose}` : `removed ${found} objects left by ${whose}` }
}

function trySigning(token: TokenOnTrial, engine: Engine, primitive: Primitive): Found {
  if (!claimsKeyPair(token, primitive)) return { result: 'absent', detail: 'the token does not claim it' }
  const takesContext = primitive.startsWith('ml-dsa')
  return withKeyPair(token, primitive, (key) => {
    const times = [new Uint8Array(), ...(takesContext ? [CONTEXT] : [])].flatMap((ctx) => repeat(() => signOnce(engine, primitive, key, ctx)))
    const detail = takesContext ? 'signs with and without context' : 'signs'
    return guarded(token, key, { result: 'works', ms: median(times), detail: `${detail}, verified in software` })
  })
}

/** Milliseconds. Throws SIGNATURE_MISMATCH; also where a context was ignored. */
function signOnce(engine: Engine, primitive: Primitive, key: KeyOnTrial, ctx: Uint8Array): number {
  const message = crypto.getRandomValues(new Uint8Array(1024))
  const start = performance.now()
  const signature = key.sign(message, ctx)
  const elapsed = performance.now() - start
  if (!engine.verify(primitive, key.publicKey, message, signature, ctx))
    throw new SealstoneError('SIGNATURE_MISMATCH', 'a signature of the token does not verify', {
      hint: 'do not sign with this token: suspect the token or its driver, then the memory of this machine',
    })
  return elapsed
}

function trySealing(token: TokenOnTrial): Found {
  if (!claimsAesGcm(token)) return { result: 'absent', detail: 'the token does not claim it' }
  return withAesKey(token, (key) => {
    const ms = median(repeat(() => key.round().openMs))
    return guarded(token, key, { result: 'works', ms, detail: 'seals and opens, other additional data is refused' })
  })
}

/** SHA-256 first, as the daemon does; SHA-1 is for tokens that know no other. */
function tryRsa(token: TokenOnTrial): Found {
  const bits = claimsRsaOaep(token)
  if (bits === undefined) return { result: 'absent', detail: 'the token does not claim it' }
  return withRsaKey(token, bits, (key) => {
    const said: string[] = []
    for (const hash of ['sha256', 'sha1'] as const) {
      try {
        const ms = median(repeat(() => key.round(hash).openMs))
        const detail = [`RSA-${bits} with ${HASH_NAMES[hash]} opens`, ...said].join('; ')
        return guarded(token, key, { result: 'works', ms, detail })
      } catch (error) {
        if (hash === 'sha1' || faultClass(error) !== 'caller') throw error
        said.push(`not with ${HASH_NAMES[hash]} (${returnValue(error)})`)
      }
    }
    throw new SealstoneError('TOKEN_UNSUPPORTED', 'the token opens nothing')
  })
}

/** A key that is not guarded as it was asked for is as bad as one that does not work; the daemon refuses it too. */
function guarded(token: TokenOnTrial, { protection, makeMs }: Pick<KeyOnTrial, 'protection' | 'makeMs'>, found: Found): Found {
  const where = token.refusedSessionObjects
  const detail =
    where === undefined ? found.detail : `${found.detail}; tried with an object in the token, since removed (${where} to a session object)`
  const common = { ...found, detail, makeMs: round(makeMs), attributes: protection }
  if (protection.sensitive === true && protection.extractable === false) return { ...common, ...(found.ms === undefined ? {} : { ms: found.ms }) }
  return {
    ...common,
    result: 'fails',
    detail: `the key is ${JSON.stringify(protection)}, asked for sensitive and not extractable`,
    hint: 'the daemon refuses such keys: look for a policy of the token that lets keys out',
  }
}

function describeSymbols(moduleFile: string): Found {
  const symbols = boundSymbols(moduleFile)
  if (symbols === undefined) return { result: 'absent', detail: 'cannot be told of this module on this system' }
  // Of other libraries, libc's above all, an address in the executable may be no more than its own way there.
  const openSsl = symbols.filter(({ wanted }) => /^lib(?:crypto|ssl)\b/.test(wanted))
  const said = openSsl.map(
    ({ wanted, bound, functions, examples }) =>
      `${functions} functions that it wants from ${wanted} are bound to ${bound === 'node' ? `the node executable (OpenSSL ${process.versions.openssl})` : bound}, such as ${examples[0]}`,
  )
  const detail = said.length === 0 ? 'the module imports nothing from a libcrypto or libssl' : said.join('; ')
  return { result: 'works', detail, symbols }
}

function repeat<Result>(work: () => Result): Result[] {
  return Array.from({ length: ROUNDS }, work)
}

function median(values: readonly number[]): number {
  return round(values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0)
}

/** To a microsecond. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

const ROUNDS = 5
const MOST_SESSIONS = 64
const CONTEXT = new TextEncoder().encode('sealstone probe')
const HASH_NAMES = { sha256: 'SHA-256', sha1: 'SHA-1' } as const
/** The classes of docs/pkcs11-errors.md, as a next step. */
const ADVICE: Readonly<Record<FaultClass, string>> = {
  session: 'class session in docs/pkcs11-errors.md: the daemon repeats such a call once; if it comes every time, look at the log of the token',
  login: 'class login in docs/pkcs11-errors.md: the daemon logs in again; if it comes every time, look who else uses or resets this token',
  module:
    'class module in docs/pkcs11-errors.md: the module or device is unfit; look at its own log, its power and its network, then run doctor again',
  pin: 'class pin in docs/pkcs11-errors.md: this PIN is not sent again; see PINs in docs/tokens.md',
  caller: 'class caller in docs/pkcs11-errors.md: the same call fails again; the token claims what it cannot do, so use no suite that needs it',
}
