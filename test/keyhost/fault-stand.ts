/** A key host on a token that fails as it is told to, what it is asked to do meanwhile, and what comes of it. A wrong signature throws. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toSealstoneError } from '#core'
import type { KeyHost, KeyMaterial } from '#keyhost'
import { parsePublicKey, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { type FaultyToken, makeFaultyToken } from '../support/fault-module.ts'
import { openKeyHost, recordingLogger } from '../support/softhsm.ts'

/** `signed`, or the code of the error; with ` retry` where the catalogue says that one can help. */
export type Outcome = string

export const PHASES = ['idle', 'queued', 'mid-signature', 'key creation'] as const
export type Phase = (typeof PHASES)[number]

export class Stand implements AsyncDisposable {
  readonly token: FaultyToken
  readonly keyHost: KeyHost & AsyncDisposable
  readonly logger: ReturnType<typeof recordingLogger>
  readonly key: KeyMaterial
  #messages = 0
  #struck = Promise.resolve()

  private constructor(token: FaultyToken, keyHost: KeyHost & AsyncDisposable, logger: ReturnType<typeof recordingLogger>, key: KeyMaterial) {
    this.token = token
    this.keyHost = keyHost
    this.logger = logger
    this.key = key
  }

  static async open(watchdogMs = 20_000, before: (token: FaultyToken) => void = () => {}): Promise<Stand> {
    const token = await makeFaultyToken()
    before(token)
    const logger = recordingLogger()
    const keyHost = await openKeyHost(token.location, { logger, watchdogMs, keepKeysMs: 0 })
    return new Stand(token, keyHost, logger, await makeKey(keyHost))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keyHost[Symbol.asyncDispose]()
    this.token[Symbol.dispose]()
  }

  /** Does what the phase is; `fail` is called first and told which call of a function by a signing is the one that shall fail. */
  async run(phase: Phase, fail: (call: number) => void): Promise<Outcome[]> {
    switch (phase) {
      case 'idle':
        fail(1)
        return [await this.sign()]
      case 'queued': // some are done by then, some with the key host, some wait
        fail(3)
        return (await Promise.all(Array.from({ length: 6 }, () => this.sign()))).toSorted()
      case 'mid-signature': // one half, or one item, of the request is done by then
        fail(2)
        return [await this.sign([this.key, this.key])]
      case 'key creation': {
        fail(1)
        return [await this.create()]
      }
    }
  }

  sign(keys: readonly KeyMaterial[] = [this.key], options?: { readonly timeoutMs?: number }): Promise<Outcome> {
    const items = keys.map((key) => ({ key, message: new TextEncoder().encode(`message ${++this.#messages}`) }))
    return outcome(async () => {
      const signatures = await this.keyHost.sign(items, options)
      items.forEach(({ key, message }, index) => {
        const signature = signatures[index]
        if (signature === undefined || !verify(nativeEngine(), parsePublicKey(key.spki), message, signature)) throw new WrongSignature()
      })
    })
  }

  /** A message of the size of a large model's statement: a process needs memory for it. */
  signLarge(): Promise<Outcome> {
    const message = new Uint8Array(LARGE_BYTES)
    return outcome(async () => {
      const [signature] = await this.keyHost.sign([{ key: this.key, message }])
      if (signature === undefined || !verify(nativeEngine(), parsePublicKey(this.key.spki), message, signature)) throw new WrongSignature()
    })
  }

  /** A key that is made also signs; one that is not leaves nothing in the token. */
  async create(): Promise<Outcome> {
    const before = this.objects
    const result = await outcome(async () => {
      const key = await makeKey(this.keyHost)
      const signed = await this.sign([key])
      if (signed !== 'signed') throw new Error(`a fresh key answered ${signed}`)
    })
    const left = this.objects - before
    return left === (result === 'signed' ? 2 : 0) ? result : `${result}, and ${left} objects more in the token`
  }

  /** Ends the fault; then milliseconds until a request is signed well. A minute is too long. */
  async recover(): Promise<number> {
    await this.#struck // it must not come to what is done next
    const started = performance.now()
    this.token.clear()
    rmSync(`${this.token.location.pinFile}.refused`, { force: true })
    for (;;) {
      const result = await this.sign()
      const elapsed = performance.now() - started
      if (result === 'signed') return elapsed
      if (elapsed > 60_000) throw new Error(`still ${result} after ${elapsed} ms`)
      await sleep(10)
    }
  }

  /** The objects in SoftHSM's store, one file each; none where there is no store. */
  get objects(): number {
    const store = join(this.token.folder, 'token')
    const files = existsSync(store) ? readdirSync(store, { recursive: true, encoding: 'utf8' }) : []
    return files.filter((path) => path.endsWith('.object') && !path.endsWith('token.object')).length
  }

  /** The processes that hold the token, whichever way the key host arranges them. */
  get children(): number[] {
    const pids = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
    return pids.filter((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8').includes(this.token.folder))
  }

  /** Does it in the middle of that call. */
  during(fn: string, call: number, work: () => void): void {
    const wanted = this.token.calls(fn) + call
    this.token.inject({ fn, action: { delayMs: 150 }, call })
    const wait = async (): Promise<void> => {
      while (this.token.calls(fn) < wanted) await sleep(5)
      work()
    }
    this.#struck = wait()
  }

  /** When what `during` or `killIn` does is done, which may come late where this process was held up. */
  get struck(): Promise<void> {
    return this.#struck
  }

  /** Kills the process that makes that call while it is in it, however late this process hears of it. */
  killIn(fn: string, call: number): void {
    const wanted = this.token.calls(fn) + call
    this.token.inject({ fn, action: 'hang', call })
    const wait = async (): Promise<void> => {
      while (this.token.calls(fn) < wanted) await sleep(5)
      this.signal('SIGKILL')
    }
    this.#struck = wait()
  }

  signal(signal: NodeJS.Signals): void {
    for (const pid of this.children) process.kill(pid, signal)
  }
}

export function makeKey(keyHost: KeyHost): Promise<KeyMaterial> {
  return keyHost.generateKey({ keyId: 'default', version: 1, suite: 'mldsa65-ecdsa-p256', label: 'default', role: 'signing' })
}

async function outcome(work: () => Promise<void>): Promise<Outcome> {
  try {
    await work()
    return 'signed'
  } catch (thrown) {
    if (thrown instanceof WrongSignature) throw thrown
    const { code, entry } = toSealstoneError(thrown)
    return entry.retryable ? `${code} retry` : code
  }
}

class WrongSignature extends Error {
  constructor() {
    super('a wrong signature came back')
  }
}

const LARGE_BYTES = 4 * 1024 * 1024
