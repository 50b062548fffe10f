/** The faults of a soak: what a token and its processes do to a daemon, drawn by a seeded generator, so that a run can be repeated. */
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { RETURN_VALUES } from '#token'
import type { FaultyToken } from '../support/fault-module.ts'
import { limitMemory, noMoreFiles } from '../support/process-limits.ts'
import type { Random } from '../support/seeded-random.ts'

export interface FaultPlace {
  readonly token: FaultyToken
  /** The processes of the key host now. */
  readonly children: () => readonly number[]
}

/** Brings a fault about and says which it was. Those that last end by themselves within three seconds, or by the watchdog. */
export class RandomFaults {
  readonly #place: FaultPlace
  readonly #random: Random
  readonly counts = new Map<string, number>()
  readonly #ends: { readonly atMs: number; readonly end: () => void }[] = []
  #quietUntil = 0

  constructor(place: FaultPlace, random: Random) {
    this.#place = place
    this.#random = random
  }

  strike(): void {
    this.endThoseDue()
    const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[]
    let kind = this.#pick(kinds)
    // What only the watchdog ends takes 20 s of a process: one at a time, or nothing else would be tried.
    while (KINDS[kind] === 'slow' && performance.now() < this.#quietUntil) kind = this.#pick(kinds)
    if (KINDS[kind] === 'slow') this.#quietUntil = performance.now() + WATCHDOG_MS
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    this.#place.token.clear()
    this.#bring(kind)
  }

  endThoseDue(now = performance.now()): void {
    for (const due of this.#ends.filter(({ atMs }) => atMs <= now)) {
      this.#ends.splice(this.#ends.indexOf(due), 1)
      due.end()
    }
  }

  endAll(): void {
    this.endThoseDue(Number.POSITIVE_INFINITY)
    this.#place.token.clear()
  }

  #bring(kind: keyof typeof KINDS): void {
    const { token } = this.#place
    const fn = this.#pick(['C_SignInit', 'C_Sign', 'C_DecryptInit', 'C_Decrypt'])
    const call = 1 + Math.floor(this.#random() * 20)
    switch (kind) {
      case 'CKR code':
        return token.inject({ fn, call, action: { return: this.#pick(CODES).value } })
      case 'CKR code for a while':
        token.inject({ fn, action: { return: this.#pick(CODES).value }, times: 'always' })
        return this.#later(() => token.clear())
      case 'module hangs':
        return token.inject({ fn, call, action: 'hang' })
      case 'module crashes':
        return token.inject({ fn, call, action: { crash: this.#pick(['SIGSEGV', 'SIGABRT']) } })
      case 'wrong signature':
        return token.inject({ fn: 'C_Sign', call, action: 'flip' })
      case 'wrong seed':
        return token.inject({ fn: 'C_Decrypt', call, action: 'flip' })
      case 'slow token':
        return token.inject({ fn, action: { delayMs: 20 }, times: 50 })
      case 'SIGKILL':
        return this.#toChild((pid) => process.kill(pid, 'SIGKILL'))
      case 'SIGKILL of all':
        return this.#place.children().forEach((pid) => process.kill(pid, 'SIGKILL'))
      case 'SIGSTOP':
        return this.#toChild((pid) => process.kill(pid, 'SIGSTOP'))
      case 'SIGSTOP for a while':
        return this.#toChild((pid) => {
          process.kill(pid, 'SIGSTOP')
          this.#later(() => process.kill(pid, 'SIGCONT'))
        })
      case 'store away for a while': {
        const store = join(token.folder, 'token')
        if (!existsSync(store)) return
        renameSync(store, `${store}.away`)
        return this.#later(() => renameSync(`${store}.away`, store))
      }
      case 'memory limit':
        return this.#toChild((pid) => limitMemory(pid, 1 + this.#random() * 8))
      case 'no descriptors':
        return this.#toChild((pid) => noMoreFiles(pid))
    }
  }

  #later(end: () => void): void {
    this.#ends.push({ atMs: performance.now() + 100 + this.#random() * 2900, end: () => ignoreGone(end) })
  }

  #toChild(work: (pid: number) => void): void {
    const pids = this.#place.children()
    if (pids.length > 0) ignoreGone(() => work(this.#pick(pids)))
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item
  }
}

/** A process may have ended between the choice and the blow. */
function ignoreGone(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!/ESRCH|ENOENT|No such process|Command failed: prlimit/.test(String(error))) throw error
  }
}

const KINDS = {
  'CKR code': 'quick',
  'CKR code for a while': 'quick',
  'module hangs': 'slow',
  'module crashes': 'quick',
  'wrong signature': 'quick',
  'wrong seed': 'quick',
  'slow token': 'quick',
  SIGKILL: 'quick',
  'SIGKILL of all': 'quick',
  SIGSTOP: 'slow',
  'SIGSTOP for a while': 'quick',
  'store away for a while': 'quick',
  'memory limit': 'quick',
  'no descriptors': 'quick',
} as const satisfies Record<string, 'quick' | 'slow'>

/** A PIN that is refused needs a person and a restart: it has a test of its own (test/keyhost/fault-events.test.ts). */
const CODES = RETURN_VALUES.filter(({ fault }) => fault !== 'pin')
const WATCHDOG_MS = 21_000
