/** What a daemon with this token and configuration would do, from what the token claims, and whether that works, from what was tried. */
import type { HalfProtection, KeyProtection } from '#core'
import { protectionFault } from '#envelopes'
import { defaultChildren, type ProbeFacts, type ProbeRow } from '#keyhost'
import { DEFAULT_SUITE, findSuite, mlDsaPrimitive, type Suite, SUITE_IDS } from '#suites'
import type { Config } from './config.ts'

export interface Choice {
  /** How seeds are sealed; absent where the token claims neither. */
  readonly sealing?: { readonly method: 'aes-256-gcm' | 'rsa-oaep'; readonly works: boolean; readonly quantumSafe: boolean }
  readonly suites: readonly SuiteChoice[]
  /** Processes that sign, each with its own login. */
  readonly children: number
  /** A key is tested so often, the keys in turn. */
  readonly canarySeconds: number
  /** What a new key of the default suite would satisfy: the highest of `--require-protection`; `none` with the reason. */
  readonly protection: { readonly level: 'hsm' | 'token' | 'none'; readonly why?: string }
}

export interface SuiteChoice {
  readonly suite: string
  readonly possible: boolean
  readonly halves: readonly HalfChoice[]
}

export interface HalfChoice {
  readonly role: HalfProtection['role']
  /** `token`: in the token. `sealed`: outside, encrypted by it. `nowhere`: the token claims no way. */
  readonly location: 'token' | 'sealed' | 'nowhere'
  readonly works: boolean
  /** The ML-DSA half could be in the token instead (`keys create --ml-dsa-in-token`). */
  readonly tokenToo?: true
}

export function chooseFor(facts: ProbeFacts, rows: readonly ProbeRow[], config: Config): Choice {
  const tried = new Tried(rows)
  const suites = SUITE_IDS.map(findSuite)
    .filter(({ canSign }) => canSign)
    .map((suite) => suiteChoice(suite, tried))
  return {
    ...(tried.sealing === undefined ? {} : { sealing: { ...tried.sealing, quantumSafe: tried.sealing.method === 'aes-256-gcm' } }),
    suites,
    children: config.keyHostChildren ?? defaultChildren(),
    canarySeconds: config.canarySeconds,
    protection: protectionLevel(facts, tried, config.recoveryRecipients.length > 0),
  }
}

/** What the token claims is what the daemon goes by; whether it works is another matter. */
class Tried {
  readonly #rows: ReadonlyMap<string, ProbeRow>

  constructor(rows: readonly ProbeRow[]) {
    this.#rows = new Map(rows.map((row) => [row.name, row]))
  }

  row(name: string): ProbeRow | undefined {
    return this.#rows.get(name)
  }

  claims(name: string): boolean {
    const result = this.row(name)?.result
    return result !== undefined && result !== 'absent'
  }

  works(name: string): boolean {
    return this.row(name)?.result === 'works'
  }

  get sealing(): { readonly method: 'aes-256-gcm' | 'rsa-oaep'; readonly works: boolean } | undefined {
    const method = (['aes-256-gcm', 'rsa-oaep'] as const).find((one) => this.claims(`seal ${one}`))
    return method === undefined ? undefined : { method, works: this.works(`seal ${method}`) && this.works('random') }
  }
}

function suiteChoice(suite: Suite, tried: Tried): SuiteChoice {
  const halves: HalfChoice[] = []
  if (suite.mlDsa !== undefined)
    halves.push({ role: 'ml-dsa', ...sealed(tried), ...(tried.works(`sign ${mlDsaPrimitive(suite.mlDsa)}`) ? { tokenToo: true as const } : {}) })
  if (suite.classical !== undefined) halves.push({ role: 'classical', ...classical(suite.classical, tried) })
  if (suite.companion !== undefined) halves.push({ role: 'companion', ...classical(suite.companion, tried) })
  return { suite: suite.id, possible: halves.every(({ works, tokenToo }) => works || tokenToo === true), halves }
}

function sealed({ sealing }: Tried): Pick<HalfChoice, 'location' | 'works'> {
  return sealing === undefined ? { location: 'nowhere', works: false } : { location: 'sealed', works: sealing.works }
}

/** As the key host chooses: an Ed25519 seed is sealed where the token does not claim Ed25519. */
function classical(primitive: string, tried: Tried): Pick<HalfChoice, 'location' | 'works'> {
  if (tried.claims(`sign ${primitive}`)) return { location: 'token', works: tried.works(`sign ${primitive}`) }
  return primitive === 'ed25519' ? sealed(tried) : { location: 'nowhere', works: false }
}

function protectionLevel({ module, model, serial }: ProbeFacts, tried: Tried, recoverable: boolean): Choice['protection'] {
  const { mlDsa, classical: primitive } = findSuite(DEFAULT_SUITE)
  if (mlDsa === undefined || primitive === undefined || tried.sealing === undefined) return { level: 'none', why: 'the token can seal no seed' }
  const half = (role: HalfProtection['role'], location: HalfProtection['location'], row: string): HalfProtection => ({
    role,
    location,
    ...tried.row(row)?.attributes,
  })
  const halves = [half('ml-dsa', 'sealed', `seal ${tried.sealing.method}`), half('classical', 'token', `sign ${primitive}`)]
  const statement: KeyProtection = { module, tokenModel: model, tokenSerial: serial, ...(recoverable ? { recoverable } : {}), halves }
  const [weak, software] = [protectionFault(statement, 'token'), protectionFault(statement, 'hsm')]
  if (weak !== undefined) return { level: 'none', why: weak }
  return software === undefined ? { level: 'hsm' } : { level: 'token', why: software }
}
