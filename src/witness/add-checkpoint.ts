/** The one decision of a witness: cosign a checkpoint, or say why not (c2sp.org/tlog-witness). Synchronous, so no two requests are ever judged at once. */
import { type Clock, equalBytes, type Logger, toSealstoneError } from '#core'
import {
  type AddCheckpointRequest,
  type Checkpoint,
  decodeCheckpoint,
  formatSignatureLines,
  formatTreeSize,
  GrowingTree,
  type LogSignatureVerifier,
  type LogVerifierKey,
  openForeignCheckpoint,
  parseAddCheckpoint,
  parseNote,
  TREE_SIZE_TYPE,
  verifyConsistency,
} from '#tlog'
import type { WitnessKeys } from './witness-keys.ts'
import type { Remembered, WitnessStore } from './witness-store.ts'

export interface WitnessParts {
  /** By origin: nobody else is cosigned. */
  readonly logs: ReadonlyMap<string, readonly LogVerifierKey[]>
  readonly keys: WitnessKeys
  readonly store: WitnessStore
  readonly verifier: LogSignatureVerifier
  readonly clock: Clock
  readonly logger: Logger
  /** Told of each checkpoint between its storing and its cosigning. */
  readonly onStored?: (checkpoint: Checkpoint) => void
  /** By origin. */
  readonly given: Map<string, GivenAnswer>
}

/** The last cosignature of a log. */
export interface GivenAnswer {
  readonly checkpoint: Checkpoint
  readonly answer: string
  /** Of the monotonic clock. */
  readonly at: number
}

export interface Answer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly contentType: 'text/plain; charset=utf-8' | typeof TREE_SIZE_TYPE
  readonly body: string
}

/** Never throws for what was sent. Throws DATABASE_UNAVAILABLE if nothing can be stored: then nothing is cosigned. */
export function addCheckpoint(parts: WitnessParts, body: string): Answer {
  const { logs, store, verifier, clock, keys, logger } = parts
  let request: AddCheckpointRequest
  let said: Checkpoint
  try {
    request = parseAddCheckpoint(body)
    said = decodeCheckpoint(parseNote(request.checkpoint).text)
  } catch (thrown) {
    return refusal(400, toSealstoneError(thrown).message)
  }
  const { oldSize, proof, checkpoint: note } = request
  const { origin, size, root } = said
  const logKeys = logs.get(origin)
  if (logKeys === undefined) return refusal(404, 'this witness does not know the log')
  try {
    openForeignCheckpoint(note, logKeys, verifier)
  } catch (thrown) {
    return refusal(403, toSealstoneError(thrown).message)
  }
  if (oldSize > size) return refusal(400, `old size is ${oldSize}, over the checkpoint's size ${size}`)
  const before = store.last(origin)
  const beforeSize = before?.size ?? 0n
  if (oldSize !== beforeSize) return conflict(beforeSize)

  const time = clock.now().getTime()
  if (before !== undefined && size === before.size && !equalBytes(root, before.root)) {
    // Both are signed by the log's own keys, which proves that it forked whoever sent this.
    store.keepEvidence(origin, before.note, note, time)
    logger.error({ origin, size: String(size) }, 'the log signed two trees of one size: it forked, and both are kept as evidence')
    return conflict(beforeSize)
  }
  const fault = inconsistency(before, said, proof)
  if (fault !== undefined) {
    // Perhaps only the sender's mistake: anybody can send the newest checkpoint with a wrong proof.
    logger.warn({ origin, size: String(size), cosigned: String(beforeSize) }, `refused a checkpoint: ${fault}`)
    return refusal(422, fault)
  }

  const next: Remembered = { origin, size, root, note }
  // The same tree again changes nothing that is remembered: whoever repeats a public checkpoint costs no write to the disk.
  if (size !== before?.size) {
    if (!store.replace(before, next, time)) return conflict(store.last(origin)?.size ?? 0n)
    parts.onStored?.(next)
  }
  const known = parts.given.get(origin)
  const isRepeated = known !== undefined && known.checkpoint.size === size && equalBytes(known.checkpoint.root, root)
  if (isRepeated && clock.monotonicMs() - known.at < REPEAT_MS) return cosigned(known.answer)
  const lines = keys.cosign({ origin, size, root, timestampSeconds: BigInt(Math.floor(time / 1000)) })
  logger.info({ origin, size: String(size), from: String(beforeSize) }, 'cosigned')
  const answer = formatSignatureLines(lines)
  parts.given.set(origin, { checkpoint: said, answer, at: clock.monotonicMs() })
  return cosigned(answer)
}

function cosigned(body: string): Answer {
  return { status: 200, contentType: 'text/plain; charset=utf-8', body }
}

/** Why the tree does not go on from the one that was cosigned, or undefined. */
function inconsistency(before: Checkpoint | undefined, { size, root }: Checkpoint, proof: readonly Uint8Array[]): string | undefined {
  if (before === undefined || before.size === 0n) {
    if (proof.length > 0) return 'there is a proof, though the old size is 0'
    if (size === 0n && !equalBytes(root, GrowingTree.empty().root())) return 'the tree is empty and its root is another'
    return undefined
  }
  if (verifyConsistency({ oldSize: before.size, newSize: size, oldRoot: before.root, newRoot: root, proof })) return undefined
  return `the proof from ${before.size} to ${size} entries does not verify`
}

function conflict(size: bigint): Answer {
  return { status: 409, contentType: TREE_SIZE_TYPE, body: formatTreeSize(size) }
}

function refusal(status: 400 | 403 | 404 | 422, reason: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${reason}\n` }
}

/** Whoever repeats a public checkpoint gets the lines that were made for it, and costs no signatures; a log that asks after that gets them with the time of then. */
const REPEAT_MS = 60_000
