/** An A2A agent card: what is signed is what it says, in canonical form, without the signatures that it carries itself. */
import { createHash } from 'node:crypto'
import {
  canonicalJson,
  canonicalJsonBytes,
  type JsonObject,
  type JsonValue,
  parseStrictObject,
  readArray,
  readText,
  SealstoneError,
  toSealstoneError,
} from '#core'
import type { OpenArtifact } from './open-artifact.ts'
import type { ArtifactStatement } from './statement.ts'

/** Its subject is the SHA-256 of the card's canonical form (RFC 8785) without `signatures`, its predicate holds that card. */
export const CARD_PREDICATE_TYPE = 'https://sealstone/agent-card/v1'

/** Throws FORMAT_INVALID or JSON_INVALID for what is no agent card, INPUT_TOO_LARGE over 1 MiB. */
export async function cardStatement(artifact: OpenArtifact): Promise<ArtifactStatement> {
  if (artifact.size > MAX_CARD_BYTES)
    throw new SealstoneError('INPUT_TOO_LARGE', `the agent card is ${artifact.size} bytes, want at most ${MAX_CARD_BYTES}`)
  const { signatures: _theirs, ...card } = parseStrictObject(await artifact.read(0, MAX_CARD_BYTES), { maxBytes: MAX_CARD_BYTES, maxDepth: 30 })
  const [name, version] = readCard(card)
  checkNumbers(card)
  const sha256 = createHash('sha256').update(canonicalJsonBytes(card)).digest('hex')
  return { predicateType: CARD_PREDICATE_TYPE, predicate: { card }, name, version, sha256 }
}

/** What the card on the disk differs in from the signed one, by member. */
export function diffCards(signed: JsonObject, found: JsonObject): { readonly name: string; readonly kind: 'changed' | 'missing' | 'extra' }[] {
  const names = [...new Set([...Object.keys(signed), ...Object.keys(found)])].sort()
  return names.filter((name) => !isSame(signed[name], found[name])).map((name) => ({ name, kind: kindOf(signed[name], found[name]) }))
}

function kindOf(before: JsonValue | undefined, now: JsonValue | undefined): 'changed' | 'missing' | 'extra' {
  return before === undefined ? 'extra' : now === undefined ? 'missing' : 'changed'
}

function isSame(before: JsonValue | undefined, now: JsonValue | undefined): boolean {
  return before !== undefined && now !== undefined && canonicalJson(before) === canonicalJson(now)
}

/** RFC 8785 §3.2.2.3 writes every number as the double next to it: of larger whole numbers several would have one form. Of bounded depth. */
function checkNumbers(value: JsonValue): void {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new SealstoneError('FORMAT_INVALID', `this is no agent card: ${value} is beyond the whole numbers that every reader takes for the same`)
  if (typeof value !== 'object' || value === null) return
  const members: readonly JsonValue[] = Object.values(value)
  for (const member of members) checkNumbers(member)
}

/** Three members that every version of A2A requires. */
function readCard(card: JsonObject): [name: string, version: string] {
  try {
    readArray(card, 'skills', 0, 10_000)
    return [readText(card, 'name', 1024), readText(card, 'version', 256)]
  } catch (cause) {
    throw new SealstoneError('FORMAT_INVALID', `this is no agent card: ${toSealstoneError(cause, 'FORMAT_INVALID').message}`, { cause })
  }
}

const MAX_CARD_BYTES = 1024 * 1024
