/**
 * Decisions on the disk, as long as the daemon is away: a file for each process, which the next one sends if it is left behind. A file is
 * removed when all of it was sent, so a crash meanwhile sends some of it twice and loses nothing.
 */
import {
  appendFileSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { join } from 'node:path'
import { parseStrictObject } from '#core'
import type { GatewayDecision } from './approval.ts'

export class DecisionSpool {
  readonly #folder: string
  readonly #stem = `${process.pid}-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`
  readonly #file: string
  readonly #asides: string
  /** Renamed, so that no other process sends them too; with what of them was sent. */
  readonly #claimed = new Map<string, { sent: number }>()
  #claims = 0
  #hasFile = false
  #hasAsides = false
  readonly #strange = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
    this.#file = join(folder, `${this.#stem}.ndjson`)
    this.#asides = join(folder, `${this.#stem}y.ndjson`)
  }

  /** Something of ours waits here. */
  get waits(): boolean {
    return this.#hasFile || this.#claimed.size > 0
  }

  /** Something is to be sent later, or was left behind by a process that is gone. */
  get isOwed(): boolean {
    return this.#hasAsides || this.#leftBehind().some((name) => !this.#strange.has(name))
  }

  /** @returns whether there was room for them. Throws what the file system throws. */
  append(decisions: readonly GatewayDecision[]): boolean {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    if (this.#isFull()) return false
    appendFileSync(this.#file, decisions.map(lineOf).join(''), { mode: 0o600 })
    this.#hasFile = true
    return true
  }

  /** One that could not be sent in this round, and does not wait in it. It had its room before. */
  setAside(decision: GatewayDecision): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    appendFileSync(this.#asides, lineOf(decision), { mode: 0o600 })
    this.#hasAsides = true
  }

  /** They wait again. */
  takeAsides(): void {
    if (!this.#hasAsides) return
    this.#hasAsides = false
    this.#claim(this.#asides)
  }

  /** What is ours, line by line in its order. What `deliver` throws ends it; the next time goes on from there. */
  async sendOwn(deliver: (decision: GatewayDecision) => Promise<void>): Promise<void> {
    for (const path of this.#claimed.keys()) await this.#send(path, deliver)
    if (!this.#hasFile) return
    this.#hasFile = false
    const claimed = this.#claim(this.#file)
    if (claimed !== undefined) await this.#send(claimed, deliver)
  }

  /** Files of processes that are gone, some of them. @returns what was left alone, in words: once */
  async sendLeftBehind(deliver: (decision: GatewayDecision) => Promise<void>): Promise<readonly string[]> {
    const strange: string[] = []
    let [files, bytes] = [0, 0]
    for (const name of this.#leftBehind()) {
      if (files >= MOST_FILES || bytes > MOST_BYTES) break
      const path = join(this.#folder, name)
      const size = ownRegularSize(path)
      if (size === undefined) {
        if (!this.#strange.has(name) && this.#strange.size < MOST_FILES) strange.push(name)
        this.#strange.add(name)
        continue
      }
      files++
      bytes += size
      const claimed = this.#claim(path)
      if (claimed !== undefined) await this.#send(claimed, deliver)
    }
    return strange
  }

  /** Of the files of all processes. */
  #isFull(): boolean {
    const names = readdirSync(this.#folder)
    if (names.length > MOST_FILES_KEPT) return true
    const sizes = names.map((name) => lstatSync(join(this.#folder, name), { throwIfNoEntry: false })?.size ?? 0)
    return sizes.reduce((sum, size) => sum + size, 0) >= LARGEST_FOLDER
  }

  #claim(path: string): string | undefined {
    const claimed = join(this.#folder, `${this.#stem}x${this.#claims++}.ndjson.sending`)
    try {
      renameSync(path, claimed)
    } catch {
      return undefined // another process was faster
    }
    this.#claimed.set(claimed, { sent: 0 })
    return claimed
  }

  async #send(path: string, deliver: (decision: GatewayDecision) => Promise<void>): Promise<void> {
    const state = this.#claimed.get(path)
    const file = state === undefined ? undefined : openOwn(path)
    if (state !== undefined && file !== undefined) {
      try {
        for (const { text, end } of linesFrom(file, state.sent)) {
          const decision = parseLine(text)
          if (decision !== undefined) await deliver(decision)
          state.sent = end
        }
      } finally {
        closeSync(file)
      }
      rmSync(path, { force: true })
    }
    this.#claimed.delete(path)
  }

  #leftBehind(): readonly string[] {
    try {
      return readdirSync(this.#folder).filter((name) => this.#isLeftBehind(name))
    } catch {
      return [] // nothing was ever kept
    }
  }

  #isLeftBehind(name: string): boolean {
    const pid = Number(/^(\d+)-[a-z0-9]+\.ndjson(?:\.sending)?$/.exec(name)?.[1])
    if (!Number.isSafeInteger(pid)) return false
    // In a container an earlier process may have had the number of this one.
    if (pid === process.pid) return !name.startsWith(this.#stem)
    try {
      process.kill(pid, 0)
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH'
    }
  }
}

/** Undefined for what is no file of this user, such as a link that somebody put there. */
function ownRegularSize(path: string): number | undefined {
  try {
    const stats = lstatSync(path)
    return isOwnFile(stats) ? stats.size : undefined
  } catch {
    return undefined
  }
}

function openOwn(path: string): number | undefined {
  let file: number
  try {
    // Without O_NONBLOCK a named pipe put in the file's place would hold us for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  if (isOwnFile(fstatSync(file))) return file
  closeSync(file)
  return undefined
}

function isOwnFile(stats: Stats): boolean {
  return stats.isFile() && stats.uid === (process.getuid?.() ?? stats.uid)
}

/** From a place in the file on, up to the largest that we write; a piece of a line that is too long is none. */
function* linesFrom(file: number, start: number): Generator<{ readonly text: string; readonly end: number }, void, undefined> {
  const buffer = Buffer.alloc(4 * LONGEST_LINE)
  for (let at = start; at < LARGEST_FILE; ) {
    const read = readSync(file, buffer, 0, buffer.length, at)
    if (read === 0) return
    const piece = buffer.subarray(0, read)
    let from = 0
    for (let newline = piece.indexOf(0x0a); newline !== -1; newline = piece.indexOf(0x0a, from)) {
      yield { text: piece.toString('utf8', from, newline), end: at + newline + 1 }
      from = newline + 1
    }
    at += from === 0 ? read : from
  }
}

function lineOf(decision: GatewayDecision): string {
  return `${JSON.stringify(decision)}\n`
}

/** A line that a crash cut is left out: what is in it cannot be known. */
function parseLine(text: string): GatewayDecision | undefined {
  try {
    const { operation, decision, subject, digest, reason } = parseStrictObject(text, { maxBytes: LONGEST_LINE })
    const isGood =
      (operation === 'mcp.connect' || operation === 'mcp.call') &&
      (decision === 'allowed' || decision === 'warned' || decision === 'blocked') &&
      typeof subject === 'string' &&
      [digest, reason].every((member) => member === undefined || typeof member === 'string')
    return isGood
      ? ({
          operation,
          decision,
          subject,
          ...(digest === undefined ? {} : { digest }),
          ...(reason === undefined ? {} : { reason }),
        } as GatewayDecision)
      : undefined
  } catch {
    return undefined
  }
}

const LONGEST_LINE = 16 * 1024
/** More of a file is not read: it was not written by a gateway. */
const LARGEST_FILE = 128 * 1024 * 1024
const LARGEST_FOLDER = 64 * 1024 * 1024
const MOST_FILES_KEPT = 1024
/** Left-behind files in one round. */
const MOST_FILES = 16
const MOST_BYTES = 32 * 1024 * 1024
