/** The audit log as the daemon uses it: append, complete with a receipt, list, prove, recover. */
import { defined, equalBytes, LIMITS, newOperationId, parseIdentity, SealstoneError } from '#core'
import {
  consistencyProof,
  decodeCheckpoint,
  type EntryFilter,
  formatTlogProof,
  inclusionProof,
  type LogEntry,
  leafHash,
  LeafWriter,
  type NewLeaf,
  type NodeReader,
  parseLeaf,
  parseNote,
  type Receipt,
  verifyInclusion,
} from '#tlog'
import { checkTail } from './check-tail.ts'
import type { AuditLog, AuditLogOptions, Completion, EntryPage } from './contract.ts'
import { findPage } from './entries.ts'
import { LateOutcomes } from './late-outcomes.ts'
import { loadLog } from './load-log.ts'
import { closeOpenIntents } from './recover.ts'
import type { AnswerRequest, Submission } from './batch.ts'
import { Sequencer } from './sequencer.ts'
import { LogStore } from './store.ts'
import { TileReader } from './tile-reader.ts'

/** Opens the log and checks it against its last checkpoint; a new one begins with a `log-start` leaf. Throws AUDIT_CORRUPT, AUDIT_UNAVAILABLE, CONFIG_INVALID. */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const log = new SqliteAuditLog(options)
  if (log.size() === 0n) {
    await log.complete({
      kind: 'log-start',
      operationId: newOperationId(),
      caller: parseIdentity('local'),
      operation: 'log.start',
      reason: options.origin,
    })
  }
  return log
}

class SqliteAuditLog implements AuditLog {
  readonly #options: AuditLogOptions
  readonly #store: LogStore
  readonly #tiles: TileReader
  readonly #sequencer: Sequencer
  readonly #late: LateOutcomes
  readonly #sizeAtOpen: bigint
  /** The newest checkpoint when it was last looked at, and since when it is that one. */
  #seen: { readonly checkpoint: string | undefined; readonly at: number } = { checkpoint: undefined, at: 0 }
  /** Tells this process's leaves from those of others, before and after. */
  readonly #run = crypto.getRandomValues(new Uint8Array(4)).toHex()
  readonly #writer = new LeafWriter()
  /** Of the newest leaf: many have the same. */
  #time = Number.NaN
  #timeText = ''
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(options: AuditLogOptions) {
    const { db, origin, signer, verifier, timeline, logger } = options
    this.#options = options
    this.#store = new LogStore(db, options.cold)
    this.#tiles = new TileReader(this.#store)
    const parts = { store: this.#store, tiles: this.#tiles, origin, keys: signer.keys, verifier }
    const log = loadLog(parts)
    checkTail(this.#store, log.head.size, log.tree.reader(this.#tiles.reader()))
    this.#sequencer = new Sequencer(
      {
        ...parts,
        signer,
        logger,
        maxQueued: LIMITS.queuedLeaves,
        now: () => timeline.now().getTime(),
        ...defined({ isWorthWaiting: options.isWorthWaiting, onCommit: options.onCommit }),
      },
      log,
    )
    this.#late = new LateOutcomes((leaf) => this.#sequencer.submit({ leaf: this.#encode(leaf), covered: false }), logger)
    this.#sizeAtOpen = log.head.size
    timeline.reach(new Date(log.lastTime))
  }

  async append(leaf: NewLeaf): Promise<{ index: bigint }> {
    const encoded = this.#encode(leaf)
    try {
      const { index } = await this.#sequencer.submit({ leaf: encoded, covered: false })
      this.#late.write()
      return { index }
    } catch (error) {
      this.#late.keep(leaf)
      throw error
    }
  }

  async complete(leaf: NewLeaf, answer?: AnswerRequest): Promise<Completion> {
    const committed = await this.#sequencer.submit({ leaf: this.#encode(leaf), covered: true, ...(answer && { answer }) })
    this.#late.write()
    if (committed.receipt === undefined) throw new SealstoneError('INTERNAL', 'the batch was committed without a checkpoint')
    return { ...committed, receipt: committed.receipt }
  }

  findAnswer(key: string): { requestDigest: string; answer: Uint8Array } | undefined {
    return this.#store.findAnswer(key)
  }

  forgetAnswersBefore(time: Date): number {
    return this.#store.forgetAnswersBefore(time.getTime())
  }

  *entries(filter: EntryFilter = {}): Generator<LogEntry> {
    const end = this.size()
    let left = filter.limit
    for (let from = filter.from; ; ) {
      const { entries, next } = this.page({ ...filter, ...defined({ from, limit: left }) }, end)
      yield* entries
      if (left !== undefined) left -= entries.length
      if (next === undefined || left === 0) return
      from = next
    }
  }

  page(filter: EntryFilter, end: bigint = this.size()): EntryPage {
    const { entries, next } = findPage(
      this.#options.db,
      this.#store,
      end,
      filter,
      filter.caller === undefined ? undefined : this.#options.callers?.find(filter.caller),
    )
    const checked = entries.map(({ index, bytes }) => {
      this.#checkLeaf(index, bytes)
      return { index, leaf: parseLeaf(bytes), bytes }
    })
    return { entries: checked, ...defined({ next }) }
  }

  async keepCovered(maxAgeMs: number): Promise<boolean> {
    const { head, checkpointSize } = this.#sequencer.log
    if (head.checkpoint !== this.#seen.checkpoint) this.#seen = { checkpoint: head.checkpoint, at: performance.now() }
    if (checkpointSize === head.size && performance.now() - this.#seen.at < maxAgeMs) return false
    await this.#sequencer.submit({ covered: true })
    return true
  }

  checkpoint(): string | undefined {
    return this.#sequencer.log.head.checkpoint
  }

  size(): bigint {
    return this.#sequencer.log.head.size
  }

  async receipt(index: bigint): Promise<Receipt> {
    if (index < 0n || index >= this.size()) throw new SealstoneError('ENTRY_UNKNOWN', `entry is ${index}, the log has ${this.size()} entries`)
    if (index >= this.#sequencer.log.checkpointSize) await this.#sequencer.submit({ covered: true })
    const leaf = this.#store.readLeaf(index)
    const checkpoint = this.#options.cosigned?.(index) ?? this.checkpoint()
    if (leaf === undefined || checkpoint === undefined) throw new SealstoneError('AUDIT_CORRUPT', `leaf ${index} or its checkpoint is missing`)
    const { size, root } = decodeCheckpoint(parseNote(checkpoint).text)
    const hashes = inclusionProof(index, size, this.#reader())
    if (!verifyInclusion({ index, size, leafHash: leafHash(leaf), proof: hashes, root })) {
      throw new SealstoneError('AUDIT_CORRUPT', `leaf ${index} is not the one in the tree: it or a hash was changed`)
    }
    return { leaf, proof: formatTlogProof({ index, hashes, checkpoint }) }
  }

  consistencyProof(oldSize: bigint, newSize: bigint = this.#sequencer.log.checkpointSize): Uint8Array[] {
    if (newSize > this.size()) throw new SealstoneError('INPUT_INVALID', `new tree size is ${newSize}, the log has ${this.size()} entries`)
    return consistencyProof(oldSize, newSize, this.#reader())
  }

  recover(why?: string): Promise<number> {
    return closeOpenIntents(this.#store, this.#sizeAtOpen, this, why)
  }

  close(): Promise<void> {
    return this.#sequencer.close()
  }

  /** Time is given in the order of the queue, which is the order of the log; it stands still while the clock is behind, which `uptimeMs` never does. */
  #encode(leaf: NewLeaf): NonNullable<Submission['leaf']> {
    const { timeline } = this.#options
    const now = timeline.now()
    const time = now.getTime()
    if (time !== this.#time) {
      this.#time = time
      this.#timeText = now.toISOString()
    }
    const value = this.#renamed(leaf)
    this.#tellIfBehind()
    const { bytes, hash } = this.#writer.write(value, { time: this.#timeText, run: this.#run, uptimeMs: timeline.uptimeMs })
    return { value, time, bytes, hash }
  }

  #tellIfBehind(): void {
    const { timeline, logger } = this.#options
    const { behindMs } = timeline
    if (behindMs <= CLOCK_TOLERANCE_MS || performance.now() < this.#toldAt + TELL_AGAIN_MS) return
    this.#toldAt = performance.now()
    logger.warn({ behindMs }, 'the clock went back; log entries keep the time of the last one')
  }

  #renamed(leaf: NewLeaf): NewLeaf {
    const { callers } = this.#options
    if (callers === undefined) return leaf
    const verifications = leaf.verifications?.map((row) => ({ ...row, caller: callers.write(row.caller) }))
    return { ...leaf, caller: callers.write(leaf.caller), ...defined({ verifications }) }
  }

  #checkLeaf(index: bigint, bytes: Uint8Array): void {
    if (equalBytes(leafHash(bytes), this.#reader()(0, index))) return
    throw new SealstoneError('AUDIT_CORRUPT', `leaf ${index} is not the one in the tree: it was changed`, { details: { index: String(index) } })
  }

  #reader(): NodeReader {
    return this.#sequencer.log.tree.reader(this.#tiles.reader())
  }
}

const CLOCK_TOLERANCE_MS = 1000
const TELL_AGAIN_MS = 60_000
