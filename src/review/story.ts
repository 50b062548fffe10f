/** The story of one operation, from the leaves that tell of it: who asked, what was decided, what was made, how it ended, and what proves it. */
import { describeHalf, equalBytes, type JsonValue, SealstoneError, toSealstoneError } from '#core'
import { LEAF_KINDS, type Leaf, leafJson, type LogEntry, parseLeaf, parseTlogProof, type Receipt, judgeQuorum, verifyTlogProof } from '#tlog'
import type { KeyHistory, LogIdentity, LogReader } from './sources.ts'

export interface Story {
  readonly operationId: string
  /** The entries that tell it, oldest first. */
  readonly entries: readonly LogEntry[]
  /** In the order in which it happened. */
  readonly steps: readonly StoryStep[]
  /** Nothing of what was checked here and now was found wrong. */
  readonly ok: boolean
}

export interface StoryStep {
  readonly step: 'request' | 'decision' | 'intent' | 'event' | 'signature' | 'outcome' | 'receipt' | 'key' | 'verified'
  /** `told`: by a leaf. `proven`: checked here and now. `missing`: the log does not say. `wrong`: checked, and it does not hold. */
  readonly status: 'told' | 'proven' | 'missing' | 'wrong'
  readonly text: string
  readonly index?: bigint
  readonly time?: string
  readonly facts: Readonly<Record<string, JsonValue>>
}

/** What the story is asked for by. `evidence`: somebody holds it. */
export type StoryId =
  | { readonly by: 'index'; readonly index: bigint }
  | { readonly by: 'operation'; readonly operationId: string }
  | { readonly by: 'evidence'; readonly index: bigint; readonly proof: string; readonly leaf?: Uint8Array }

/** Throws ENTRY_UNKNOWN if the log has no such entry, and what the reader throws. */
export async function tellStory(log: LogReader, trust: LogIdentity & KeyHistory, id: StoryId, signal?: AbortSignal): Promise<Story> {
  const options = signal === undefined ? {} : { signal }
  const held = id.by === 'evidence' ? await heldEntry(log, id, options) : undefined
  const operationId = held?.leaf.operationId ?? (id.by === 'operation' ? id.operationId : (await entryAt(log, id.index, options)).leaf.operationId)
  const found = await Array.fromAsync(log.listEntries({ operationId, limit: MOST_ENTRIES }, options))
  const entries = id.by === 'index' ? found.filter(({ index, leaf }) => index === id.index || PAIRED.has(leaf.kind)) : found
  const intent = entries.find(({ leaf }) => leaf.kind === 'intent')
  const outcome = entries.findLast(({ leaf }) => leaf.kind === 'outcome')
  const events = entries.filter(({ leaf }) => leaf.kind !== 'intent' && leaf.kind !== 'outcome')
  const last = held ?? outcome ?? intent ?? entries.at(-1)
  if (last === undefined || entries.length === 0) throw new SealstoneError('ENTRY_UNKNOWN', `the log has no entry of operation ${operationId}`)
  const evidence = id.by === 'evidence' ? [evidenceStep(trust, id, last, found)] : []
  const receipts = [...evidence, await receiptStep(log, trust, last, options)]
  // Only of the outcome itself: a timestamp of another entry says nothing of when this one was there.
  const checkpoints = last.index === outcome?.index ? receipts.flatMap(({ checkpoint }) => checkpoint ?? []) : []
  const steps = [
    requestStep(intent ?? outcome ?? last),
    ...decisionSteps(intent, events),
    ...(intent === undefined ? [] : [intentStep(intent)]),
    ...signatureSteps(outcome),
    ...(intent === undefined && outcome === undefined ? [] : [outcomeStep(intent, outcome)]),
    ...events.map(eventStep),
    ...receipts.map(({ step }) => step),
    ...(await keySteps(trust, outcome, checkpoints)),
    ...(await verifiedSteps(log, outcome, options)),
  ]
  return { operationId, entries, steps, ok: steps.every(({ status }) => status !== 'wrong') }
}

async function entryAt(log: LogReader, index: bigint, options: { signal?: AbortSignal }): Promise<LogEntry> {
  for await (const entry of log.listEntries({ from: index, limit: 1 }, options)) if (entry.index === index) return entry
  throw new SealstoneError('ENTRY_UNKNOWN', `the log has no entry ${index}`)
}

/** A proof alone has no leaf: the log's own at that place is taken, and the proof says whether it is the right one. */
function heldEntry(log: LogReader, { index, leaf }: { index: bigint; leaf?: Uint8Array }, options: { signal?: AbortSignal }): Promise<LogEntry> {
  return leaf === undefined ? entryAt(log, index, options) : Promise.resolve({ index, bytes: leaf, leaf: parseLeaf(leaf) })
}

function requestStep({ index, leaf }: LogEntry): StoryStep {
  const what = leaf.modelName ?? leaf.predicateType ?? leaf.key
  const text = `${leaf.caller} asked for ${leaf.operation}${what === undefined ? '' : ` of ${what}`}`
  return { step: 'request', status: 'told', text, index, time: leaf.time, facts: pick(leaf, REQUEST_FACTS) }
}

/** An intent is written only after the policy allowed it; a refusal is a leaf of its own. */
function decisionSteps(intent: LogEntry | undefined, events: readonly LogEntry[]): StoryStep[] {
  const refusals = events
    .filter(({ leaf }) => leaf.kind === 'refused')
    .map(({ index, leaf }): StoryStep => {
      const text = `refused${leaf.reason === undefined ? '' : `: ${leaf.reason}`}`
      return { step: 'decision', status: 'told', text, index, time: leaf.time, facts: pick(leaf, DECISION_FACTS) }
    })
  if (intent === undefined) return refusals
  const { index, leaf } = intent
  return [...refusals, { step: 'decision', status: 'told', text: 'the policy allowed it', index, time: leaf.time, facts: pick(leaf, DECISION_FACTS) }]
}

function intentStep({ index, leaf }: LogEntry): StoryStep {
  const text = 'written to the disk before the key was used'
  return { step: 'intent', status: 'told', text, index, time: leaf.time, facts: pick(leaf, INTENT_FACTS) }
}

function signatureSteps(outcome: LogEntry | undefined): StoryStep[] {
  const { key, keyVersion, keyProtection, signatures = [] } = outcome?.leaf ?? {}
  return signatures.map((signature): StoryStep => {
    const halves = keyProtection?.halves.filter(({ role }) => (role === 'companion') === (signature.role === 'companion')) ?? []
    const text = `${signature.role} signature by key ${key ?? 'unknown'} version ${keyVersion ?? 'unknown'}, ${signature.suite}`
    const protection = Object.fromEntries(halves.map((half) => [`${half.role} half`, describeHalf(half)]))
    const token = keyProtection && `${keyProtection.module}, ${keyProtection.tokenModel}, serial ${keyProtection.tokenSerial}`
    const facts = { digest: signature.digest, keyFingerprint: signature.keyFingerprint, ...protection, ...(token && { token }) }
    return { step: 'signature', status: 'told', text, ...(outcome && { index: outcome.index, time: outcome.leaf.time }), facts }
  })
}

function outcomeStep(intent: LogEntry | undefined, outcome: LogEntry | undefined): StoryStep {
  if (outcome === undefined) {
    const text = 'there is none: the request still runs, or the daemon died and has not been started again'
    return { step: 'outcome', status: 'missing', text, facts: {} }
  }
  const { index, leaf } = outcome
  const milliseconds = intent === undefined ? undefined : Date.parse(leaf.time) - Date.parse(intent.leaf.time)
  const end = leaf.result === 'ok' ? 'it was done' : leaf.result === 'unknown' ? UNKNOWN : `it failed: ${leaf.errorCode ?? 'no code'}`
  const text = `${end}${milliseconds === undefined ? '' : `, ${milliseconds} ms after the intent`}`
  return { step: 'outcome', status: 'told', text, index, time: leaf.time, facts: pick(leaf, OUTCOME_FACTS) }
}

function eventStep({ index, leaf }: LogEntry): StoryStep {
  const text = `${leaf.decision ?? leaf.kind}${leaf.reason === undefined ? '' : `: ${leaf.reason}`}`
  const facts = Object.fromEntries(Object.entries(leafJson(leaf)).filter(([name]) => !SHOWN_APART.has(name)))
  return { step: 'event', status: 'told', text, index, time: leaf.time, facts }
}

interface CheckedReceipt {
  readonly step: StoryStep
  /** Of a receipt that holds. */
  readonly checkpoint?: string
}

/** Of what somebody holds: its own proof, and whether the log still says the same. */
function evidenceStep(trust: LogIdentity, id: Extract<StoryId, { by: 'evidence' }>, held: LogEntry, found: readonly LogEntry[]): CheckedReceipt {
  const inLog = found.find(({ index }) => index === id.index)
  const facts = { index: String(id.index) }
  if (inLog === undefined || !equalBytes(inLog.bytes, held.bytes)) {
    const text = `the log does not have the entry that you hold at ${id.index}: it is another log, or one of them was rewritten`
    return { step: { step: 'receipt', status: 'wrong', text, facts } }
  }
  const checked = checkReceipt(trust, { leaf: held.bytes, proof: id.proof }, 'the receipt that you hold')
  return { ...checked, step: { ...checked.step, facts } }
}

async function receiptStep(
  log: LogReader,
  trust: LogIdentity,
  { index, bytes }: LogEntry,
  options: { signal?: AbortSignal },
): Promise<CheckedReceipt> {
  try {
    const receipt = await log.getReceipt(index, options)
    if (!equalBytes(receipt.leaf, bytes)) {
      return { step: { step: 'receipt', status: 'wrong', text: `the receipt of entry ${index} is of another leaf`, index, facts: {} } }
    }
    return checkReceipt(trust, receipt, 'a receipt made now')
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    if (error.code === 'CANCELLED') throw error
    const status = error.code === 'AUDIT_CORRUPT' || error.code === 'ENTRY_UNKNOWN' ? 'wrong' : 'missing'
    return { step: { step: 'receipt', status, text: error.message, index, facts: {} } }
  }
}

/** As `sealstone verify` judges it: under both log keys, and with the quorum of witnesses where the trust file demands one. */
function checkReceipt(trust: LogIdentity, receipt: Receipt, what: string): CheckedReceipt {
  try {
    const proof = parseTlogProof(receipt.proof)
    const checkpoint = verifyTlogProof(proof, receipt.leaf, trust.keys, trust.verifier)
    const quorum = judgeQuorum(proof.checkpoint, trust)
    if (quorum?.isEnough === false) {
      const text = `${what} has ${quorum.cosigned}, the trust file wants ${trust.quorum}`
      return { step: { step: 'receipt', status: 'wrong', text, index: proof.index, facts: {} } }
    }
    const signedAt = new Date(Number(checkpoint.timestampSeconds) * 1000).toISOString()
    const text = `${what}: entry ${proof.index} of ${checkpoint.origin}, in its checkpoint of ${checkpoint.size} entries signed by both log keys at ${signedAt}${quorum === undefined ? '' : `, with ${quorum.cosigned}`}`
    const step: StoryStep = { step: 'receipt', status: 'proven', text, index: proof.index, facts: { root: checkpoint.root.toBase64() } }
    return { step, checkpoint: proof.checkpoint }
  } catch (thrown) {
    const text = `${what} does not hold under the keys of ${trust.origin}: ${toSealstoneError(thrown).message}`
    return { step: { step: 'receipt', status: 'wrong', text, facts: {} } }
  }
}

async function keySteps(trust: KeyHistory, outcome: LogEntry | undefined, checkpoints: readonly string[]): Promise<StoryStep[]> {
  const { key, keyVersion, time, operation, result } = outcome?.leaf ?? {}
  if (key === undefined || keyVersion === undefined || time === undefined || operation !== 'sign' || result !== 'ok') return []
  const judged = await trust.judgeKey(key, keyVersion, time, checkpoints)
  if (judged === undefined)
    return [{ step: 'key', status: 'missing', text: `the trust file does not know key ${key} version ${keyVersion}`, facts: {} }]
  const facts = { now: judged.state, ...(judged.since === undefined ? {} : { since: judged.since }) }
  return [{ step: 'key', status: judged.usable ? 'proven' : 'wrong', text: judged.reason, facts }]
}

/** Verifications that the daemon was asked for; those that were made offline leave no trace here. */
async function verifiedSteps(log: LogReader, outcome: LogEntry | undefined, options: { signal?: AbortSignal }): Promise<StoryStep[]> {
  const kind = LEAF_KINDS.find((known) => (known as string) === 'verify')
  if (outcome === undefined || outcome.leaf.result !== 'ok' || outcome.leaf.operation !== 'sign' || kind === undefined) return []
  const { modelName, modelDigest } = outcome.leaf
  if (modelName === undefined || modelDigest === undefined) return []
  const steps: StoryStep[] = []
  for await (const { index, leaf } of log.listEntries({ kind, modelName, from: outcome.index, limit: MOST_ENTRIES }, options)) {
    if (leaf.modelDigest !== modelDigest) continue
    const text = `${leaf.caller} had it verified: ${leaf.result === 'ok' ? 'good' : (leaf.errorCode ?? leaf.result ?? 'no result')}`
    steps.push({ step: 'verified', status: 'told', text, index, time: leaf.time, facts: {} })
  }
  return steps.length > 0 ? steps : [{ step: 'verified', status: 'missing', text: 'no verification by the daemon is in the log', facts: {} }]
}

/** By name, so that a member of a newer leaf is shown without a change here. */
function pick(leaf: Leaf, names: readonly string[]): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(leafJson(leaf)).filter(([name]) => names.includes(name)))
}

const UNKNOWN = 'the daemon died in between: whether a signature was made cannot be known, none was released'
const PAIRED: ReadonlySet<string> = new Set(['intent', 'outcome', 'refused'])
const REQUEST_FACTS = [
  'modelName',
  'modelDigest',
  'resourceCount',
  'digestSource',
  'cachedDigests',
  'oldestCachedDigest',
  'predicateType',
  'payloadType',
]
const DECISION_FACTS = ['policyRule', 'policyDigest', 'errorCode']
const INTENT_FACTS = ['key', 'keyVersion', 'suite', 'signedBytesDigest']
const OUTCOME_FACTS = ['result', 'errorCode', 'reason']
const SHOWN_APART: ReadonlySet<string> = new Set(['version', 'time', 'kind', 'operationId', 'caller', 'operation', 'reason', 'run', 'uptimeMs'])
const MOST_ENTRIES = 1000
