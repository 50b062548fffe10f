/**
 * Recognises usual leaves where they stand in a longer text, several times as fast as `parseLeaf`: one expression, made of what each member may hold.
 * It never takes what `parseLeaf` would refuse. What it does not take may be a leaf all the same, of a rarer form; only `parseLeaf` says.
 */
import { LIMITS } from '#core'
import type { Leaf, LeafSignature } from './leaf.ts'
import { isLeafTime, LEAF_KINDS, MAX_SIGNATURES } from './leaf-members.ts'

/** What the log is searched and ordered by. */
export interface LeafFacts {
  readonly time: string
  /** `time` in milliseconds since 1970. */
  readonly timeMs: number
  readonly kind: string
  readonly operationId: string
  readonly caller: string
  readonly key: string | undefined
  readonly modelName: string | undefined
  readonly result: string | undefined
}

export interface ScannedLeaf extends LeafFacts {
  /** Where the text goes on. */
  readonly end: number
}

/** Keeps the minute that it met last: neighbours mostly share it. One for each reader. */
export class LeafScanner {
  readonly #pattern = new RegExp(LEAF, 'y')
  #minute = ''
  #minuteMs = 0

  /** @param text of the leaf's bytes, one character each. Whether the leaf ends at `end` is for the caller to see. */
  scan(text: string, at: number): ScannedLeaf | undefined {
    this.#pattern.lastIndex = at
    const found = this.#pattern.exec(text)
    if (found === null) return undefined
    const end = this.#pattern.lastIndex
    const [, caller, key, kind, modelName, oldestDigest, operationId, result, time] = found as unknown as Captures
    // Shorter than any text in it may be long.
    if (end - at > LONGEST_USUAL || (oldestDigest !== undefined && !isLeafTime(oldestDigest))) return undefined
    const timeMs = this.#millisecondsOf(time)
    return timeMs === undefined ? undefined : { end, time, timeMs, kind, operationId, caller, key, modelName, result }
  }

  /** The expression has seen the digits; the calendar has not. */
  #millisecondsOf(time: string): number | undefined {
    const minute = time.slice(0, MINUTE_LENGTH)
    if (minute !== this.#minute) {
      const first = `${minute}00.000Z`
      if (!isLeafTime(first)) return undefined
      this.#minute = minute
      this.#minuteMs = Date.parse(first)
    }
    return this.#minuteMs + Number(time.slice(MINUTE_LENGTH, MINUTE_LENGTH + 2)) * 1000 + Number(time.slice(MINUTE_LENGTH + 3, MINUTE_LENGTH + 6))
  }
}

type Captures = readonly [
  all: string,
  caller: string,
  key: string | undefined,
  kind: string,
  modelName: string | undefined,
  oldestCachedDigest: string | undefined,
  operationId: string,
  result: string | undefined,
  time: string,
]

/** Texts of 4,096 characters at most are in it unasked. */
export const LONGEST_USUAL = LIMITS.resourceNameBytes
const MINUTE_LENGTH = '2026-01-31T12:00:'.length

// ASCII as RFC 8785 §3.2.2.2 writes it as it is; all other text is for the strict reader.
const PLAIN = '[ !#-\\[\\]-~]'
const DIGEST = '"sha256:[0-9a-f]{64}"'
const SUITE = '"[A-Za-z0-9][A-Za-z0-9.-]{0,63}"'
// Fewer digits than the largest safe integer has, and no form but the one of ECMAScript.
const FROM_1 = '[1-9][0-9]{0,14}'
const FROM_0 = `(?:0|${FROM_1})`
const TIME = '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]\\.[0-9]{3}Z'
export const USUAL_SIGNATURE_MEMBERS: Record<keyof LeafSignature, string> = {
  role: '"(?:hybrid|companion)"',
  suite: SUITE,
  keyFingerprint: '"[0-9a-f]{64}"',
  digest: DIGEST,
}
const SIGNATURE = `\\{${sortedMembers(USUAL_SIGNATURE_MEMBERS)
  .map(([name, value]) => `"${name}":${value}`)
  .join(',')}\\}`
const TEXT = `"${PLAIN}{0,255}"`
const FLAG = '(?:true|false)'
const HALF = [
  `\\{(?:"alwaysSensitive":${FLAG},)?(?:"extractable":${FLAG},)?(?:"local":${FLAG},)?"location":"(?:token|sealed)",(?:"neverExtractable":${FLAG},)?`,
  `"role":"(?:ml-dsa|classical|companion)"(?:,"sealing":"(?:aes-256-gcm|rsa-oaep)")?(?:,"sensitive":${FLAG})?\\}`,
].join('')
/** `parseKeyProtection` of core reads it. */
const PROTECTION = [
  `\\{(?:"firmware":${TEXT},)?"halves":\\[${HALF}(?:,${HALF}){0,2}\\],"module":${TEXT},`,
  `(?:"origin":"(?:imported|adopted)",)?(?:"recoverable":true,)?"tokenModel":${TEXT},"tokenSerial":${TEXT}\\}`,
].join('')
/** Each no wider than its parser in leaf-members.ts. Members that are rare, or nested deeper, are not here. */
export const USUAL_MEMBERS: Partial<Record<keyof Leaf, string>> = {
  version: '1',
  time: `"(${TIME})"`,
  run: '"[0-9a-f]{8}"',
  uptimeMs: FROM_0,
  kind: `"(${LEAF_KINDS.join('|')})"`,
  operationId: '"([0-9a-f]{32})"',
  caller: '"([!#-\\[\\]-~]{1,2048})"',
  operation: '"[a-z][A-Za-z0-9.-]{0,63}"',
  key: '"([a-z0-9][a-z0-9-]{0,62})"',
  keyVersion: FROM_1,
  suite: SUITE,
  modelName: `"(${PLAIN}*)"`,
  modelDigest: DIGEST,
  payloadType: TEXT,
  predicateType: `"${PLAIN}*"`,
  signedBytesDigest: DIGEST,
  signatures: `\\[${SIGNATURE}(?:,${SIGNATURE}){0,${MAX_SIGNATURES - 1}}\\]`,
  resourceCount: FROM_0,
  digestSource: '"(?:daemon|caller|mixed)"',
  cachedDigests: FROM_1,
  oldestCachedDigest: `"(${TIME})"`,
  result: '"(ok|error|unknown)"',
  errorCode: '"[A-Z][A-Z0-9_]{0,63}"',
  reason: `"${PLAIN}*"`,
  keyProtection: PROTECTION,
  policyRule: FROM_0,
  policyDigest: DIGEST,
  configDigest: DIGEST,
}
const REQUIRED: ReadonlySet<string> = new Set<keyof Leaf>(['time', 'kind', 'operationId', 'caller', 'operation'])
// RFC 8785 §3.2.3: in the order of the names. `version`, which no leaf lacks, is the last of all, so that a comma stands behind each other member.
const LEAF = `\\{${sortedMembers(USUAL_MEMBERS)
  .filter(([name]) => name !== 'version')
  .map(([name, value]) => (REQUIRED.has(name) ? `"${name}":${value},` : `(?:"${name}":${value},)?`))
  .join('')}"version":${USUAL_MEMBERS.version}\\}`

export function sortedMembers(members: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(members).toSorted(([left], [right]) => (left < right ? -1 : 1))
}
