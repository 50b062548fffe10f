/** Which witnesses are asked to cosign this log's checkpoints, and how many of them count as enough: the settings, checked. */
import { excerpt, isJsonObject, SealstoneError, toSealstoneError } from '#core'
import { parseWitness, refuseDoubleWitnesses, type Witness } from '#tlog'

export interface WitnessSettings {
  readonly witnesses: readonly { readonly witness: Witness; readonly url: string }[]
  /** So many of them make a quorum. */
  readonly quorum: number
  /** How long an answer waits for a quorum; 0: not at all. */
  readonly waitMs: number
  /** How many the trust file tells verifiers to demand; 0: none. */
  readonly demanded: number
}

/** @param tables the value of `audit.witness`. @param origin of the log, which is no witness of its own. Throws CONFIG_INVALID. */
export function parseWitnessSettings(tables: unknown, origin: string, numbers: Omit<WitnessSettings, 'witnesses'>): WitnessSettings | undefined {
  if (tables === undefined) {
    if (numbers.quorum > 0 || numbers.waitMs > 0 || numbers.demanded > 0)
      throw invalid('there is a quorum of witnesses, or a wait for it, and no [[audit.witness]]')
    return undefined
  }
  if (!Array.isArray(tables) || tables.length === 0 || tables.length > MAX_WITNESSES)
    throw invalid(`audit.witness is no list of 1 to ${MAX_WITNESSES} tables`)
  const witnesses = tables.map(parseTable)
  try {
    refuseDoubleWitnesses(
      witnesses.map(({ witness }) => witness),
      { origin, keys: [] },
    )
  } catch (cause) {
    throw invalid(toSealstoneError(cause).message)
  }
  const { quorum, demanded } = numbers
  if (quorum < 1 || quorum > witnesses.length)
    throw invalid(`audit.witness_quorum is ${quorum}, want 1 to ${witnesses.length}, the number of witnesses`)
  if (demanded > quorum) throw invalid(`trust.witness_quorum is ${demanded}, want at most audit.witness_quorum, ${quorum}`)
  return { witnesses, ...numbers }
}

function parseTable(value: unknown): WitnessSettings['witnesses'][number] {
  if (!isJsonObject(value as never)) throw invalid('an audit.witness is no table')
  const { name, url, keys, ...others } = value as Record<string, unknown>
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalid(`audit.witness has an unknown setting ${excerpt(unknown)}, want name, url, keys`)
  if (typeof name !== 'string') throw invalid('an audit.witness has no name')
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) throw invalid(`witness ${excerpt(name)} has no list of keys`)
  let witness: Witness
  try {
    witness = parseWitness(keys)
  } catch (cause) {
    throw invalid(`witness ${excerpt(name)}: ${toSealstoneError(cause).message}`)
  }
  if (witness.name !== name) throw invalid(`witness ${excerpt(name)} has keys named ${excerpt(witness.name)}`)
  return { witness, url: checkUrl(name, url) }
}

function checkUrl(name: string, url: unknown): string {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol) || parsed.search !== '' || parsed.hash !== '' || parsed.username !== '')
    throw invalid(`witness ${excerpt(name)} has no url such as https://witness.example/w1`)
  return parsed.href
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('CONFIG_INVALID', message)
}

// c2sp.org/signed-note readers take 64 lines: two of each witness, those of the log, and timestamps.
const MAX_WITNESSES = 24
