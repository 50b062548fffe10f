/**
 * Decisions on their way to the audit log. Whoever decides never waits: they are kept in memory, and in a file of this process as long as
 * the daemon is away. A file that a process left behind is sent by the next one.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isJsonObject, type JsonObject, parseStrictObject, SealstoneError, toSealstoneError } from '#core'
import type { DecisionRequest } from '#client'
import type { GatewayDecision } from './approval.ts'

/** The part of the client that is needed. */
export interface DecisionLog extends AsyncDisposable {
  recordDecision(decision: DecisionRequest): Promise<unknown>
}

export interface DecisionQueueOptions {
  readonly folder: string
  /** Called when there is something to send, and again after a failure. */
  readonly connect: () => Promise<DecisionLog>
  /** For the person who reads standard error: once when decisions begin to pile up, once for what is refused. */
  readonly note: (text: string) => void
  /** Waits between tries; default 1 second, then up to a minute. */
  readonly retryMs?: number
}

export class DecisionQueue {
  readonly #options: DecisionQueueOptions
  readonly #file: string
  #memory: GatewayDecision[] = []
  #spooled = 0
  #lost = 0
  #sending: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #closed = false

  constructor(options: DecisionQueueOptions) {
    this.#options = options
    this.#file = join(options.folder, `${process.pid}-${Date.now().toString(36)}.ndjson`)
  }

  /** Returns at once and never throws. */
  add(decision: GatewayDecision): void {
    if (this.#memory.length >= MOST_IN_MEMORY) this.#spool(this.#memory.splice(0))
    this.#memory.push(decision)
    this.#schedule(FIRST_PAUSE_MS)
  }

  /** Sends what there is, once, within the time; the rest stays in the file. */
  async close(withinMs: number): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    if (this.#memory.length > 0 || this.#spooled > 0) {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, withinMs)
      await Promise.race([this.#sending ?? this.#send(), late.promise])
      clearTimeout(timer)
    }
    this.#spool(this.#memory.splice(0))
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#timer !== undefined || this.#sending !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#sending = this.#send().finally(() => {
        this.#sending = undefined
        if (this.#memory.length > 0 || this.#spooled > 0) this.#schedule(this.#pauseMs())
      })
    }, ms)
    this.#timer.unref()
  }

  #pauseMs(): number {
    return this.#failures === 0 ? 0 : Math.min((this.#options.retryMs ?? 1000) * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS)
  }

  async #send(): Promise<void> {
    let batch: GatewayDecision[] = []
    try {
      await using log = await this.#options.connect()
      batch = [...this.#takeSpooled(), ...this.#memory.splice(0)]
      while (batch[0] !== undefined) {
        await this.#deliver(log, batch[0])
        batch.shift()
      }
      this.#failures = 0
    } catch (error) {
      if (this.#failures++ === 0) this.#options.note(`decisions are kept in ${this.#options.folder}: ${toSealstoneError(error).message}`)
      this.#spool([...batch, ...this.#memory.splice(0)])
    }
  }

  /** A decision that the daemon will never take is not tried again: the others must not wait behind it. */
  async #deliver(log: DecisionLog, decision: GatewayDecision): Promise<void> {
    try {
      await log.recordDecision(decision)
    } catch (error) {
      if (!(error instanceof SealstoneError) || error.entry.grpc !== 'INVALID_ARGUMENT') throw error
      this.#options.note(`the audit log does not take a decision: ${error.message}`)
    }
  }

  #spool(decisions: readonly GatewayDecision[]): void {
    if (decisions.length === 0) return
    try {
      mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 })
      const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0
      if (size > LARGEST_FILE) this.#lost += decisions.length
      else appendFileSync(this.#file, decisions.map((decision) => `${JSON.stringify(decision)}\n`).join(''), { mode: 0o600 })
      this.#spooled += decisions.length
    } catch (error) {
      this.#lost += decisions.length
      this.#options.note(`${decisions.length} decisions cannot be kept: ${toSealstoneError(error).message}`)
    }
  }

  /** Our own file, and those of processes that are gone. Renamed before it is read, so that no other process sends it as well. */
  #takeSpooled(): readonly GatewayDecision[] {
    const taken: GatewayDecision[] = []
    for (const path of this.#files()) {
      try {
        const mine = `${this.#file}.sending`
        renameSync(path, mine)
        taken.push(...readFileSync(mine, 'utf8').split('\n').flatMap(parseLine))
        rmSync(mine)
      } catch {
        // Another process was faster.
      }
    }
    this.#spooled = 0
    if (this.#lost > 0) {
      taken.push({ operation: 'mcp.connect', decision: 'warned', subject: 'mcp gateway', reason: `${this.#lost} decisions were not kept` })
      this.#lost = 0
    }
    return taken
  }

  #files(): readonly string[] {
    const { folder } = this.#options
    let names: readonly string[]
    try {
      names = readdirSync(folder)
    } catch {
      return [] // nothing was ever kept
    }
    return names.filter((name) => join(folder, name) === this.#file || isLeftBehind(name)).map((name) => join(folder, name))
  }
}

function isLeftBehind(name: string): boolean {
  const pid = Number(/^(\d+)-[a-z0-9]+\.ndjson(?:\.sending)?$/.exec(name)?.[1])
  if (!Number.isSafeInteger(pid) || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** A line that a crash cut is left out: what is in it cannot be known. */
function parseLine(line: string): readonly GatewayDecision[] {
  if (line === '') return []
  try {
    const object: JsonObject = parseStrictObject(line, { maxBytes: 16 * 1024 })
    return isJsonObject(object) && typeof object['subject'] === 'string' ? [object as unknown as GatewayDecision] : []
  } catch {
    return []
  }
}

/** The first calls of a host are not held up by what connecting loads. */
const FIRST_PAUSE_MS = 500
const MOST_IN_MEMORY = 1000
const LARGEST_FILE = 16 * 1024 * 1024
const LONGEST_PAUSE_MS = 60_000
