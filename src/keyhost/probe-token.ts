/** Tries a token in child processes of its own, step by step: a step that crashes or hangs costs that child and its own row, not the probe. */
import { realpathSync } from 'node:fs'
import { SealstoneError, silentLogger, toSealstoneError } from '#core'
import { type KeyHostChild, startChild } from './child-process.ts'
import { pinFiles } from './pin-files.ts'
import { PROBE_STEPS, type ProbeFacts, type ProbeReply, type ProbeRequest, type ProbeRow, type ProbeStep } from './probe-steps.ts'
import { fromWireError, PROTOCOL_VERSION, type ReplyMessage } from './protocol.ts'
import type { TokenLocation } from './token-uri.ts'

export interface ProbeOptions {
  readonly token: TokenLocation
  /** Only what is told without a login. */
  readonly factsOnly?: boolean
  /** A step that takes longer is given up and its process killed. Default 60,000. */
  readonly stepMs?: number
}

export interface TokenProbe {
  readonly facts: ProbeFacts
  /** Absent where none was tried. */
  readonly login?: { readonly ok: true } | { readonly ok: false; readonly error: SealstoneError }
  /** One for each step; none without a login. */
  readonly rows: readonly ProbeRow[]
}

/** Throws TOKEN_MISSING or TOKEN_UNAVAILABLE where not even the module can be asked. No process is left then, nor afterwards. */
export async function probeToken({ token, factsOnly = false, stepMs = 60_000 }: ProbeOptions): Promise<TokenProbe> {
  using children = new Children(token, stepMs)
  const facts = await children.open()
  if (factsOnly) return { facts, rows: [] }
  try {
    await children.login()
  } catch (thrown) {
    return { facts, login: { ok: false, error: toSealstoneError(thrown) }, rows: [] }
  }
  const rows: ProbeRow[] = []
  for (const step of PROBE_STEPS) rows.push(await tryStep(children, step))
  return { facts, login: { ok: true }, rows }
}

/** The steps after a lost child are tried in another one, and nothing is tried any more when several were lost; the clean-up always is. */
async function tryStep(children: Children, step: ProbeStep): Promise<ProbeRow> {
  if (children.lost >= MOST_LOST && step !== 'clean-up')
    return { name: step, result: 'skipped', detail: `${children.lost} processes were lost to this token` }
  try {
    return await children.step(step)
  } catch (thrown) {
    const { message, hint } = toSealstoneError(thrown)
    return { name: step, result: 'fails', detail: message, hint }
  }
}

class Children implements Disposable {
  readonly #token: TokenLocation
  readonly #stepMs: number
  #child: ProbeChild | undefined
  lost = 0

  constructor(token: TokenLocation, stepMs: number) {
    this.#token = token
    this.#stepMs = stepMs
  }

  async open(): Promise<ProbeFacts> {
    this.#child = new ProbeChild(this.#token)
    const { modulePath, token, serial, model, manufacturer, pinFile, refusedElsewhere } = this.#token
    const names = Object.fromEntries(Object.entries({ serial, model, manufacturer }).filter(([, value]) => value !== undefined))
    const reply = await this.#ask({ kind: 'open', modulePath, moduleFile: realPath(modulePath), token, pinFile, refusedElsewhere, ...names })
    if (reply === null || !('facts' in reply)) throw new SealstoneError('INTERNAL', 'the probe said nothing of the token')
    return reply.facts
  }

  async login(): Promise<void> {
    await this.#ask({ kind: 'login' })
  }

  async step(step: ProbeStep): Promise<ProbeRow> {
    if (this.#child === undefined) {
      await this.open()
      await this.login()
    }
    const reply = await this.#ask({ kind: 'step', step })
    if (reply === null || !('row' in reply)) throw new SealstoneError('INTERNAL', `the probe said nothing of ${step}`)
    return reply.row
  }

  [Symbol.dispose](): void {
    this.#child?.kill()
  }

  async #ask(request: ProbeRequest): Promise<ProbeReply> {
    const child = this.#child
    if (child === undefined) throw new SealstoneError('TOKEN_UNAVAILABLE', 'the probe has no process')
    const reply = await child.ask(request, this.#stepMs)
    if (typeof reply !== 'string') {
      if (reply.ok) return reply.result as ProbeReply
      throw fromWireError(reply.error)
    }
    this.#child = undefined
    this.lost += 1
    throw new SealstoneError('TOKEN_UNAVAILABLE', `the process that tried this ended: ${reply}`, {
      hint: 'the PKCS#11 module crashes or hangs here: look for a newer one, and send its maker this table',
    })
  }
}

class ProbeChild {
  readonly #child: KeyHostChild
  #next = 1
  #answer: ((reply: ReplyMessage | string) => void) | undefined
  #end: string | undefined

  constructor(token: TokenLocation) {
    const { read, write } = pinFiles(token)
    this.#child = startChild({
      env: token.env ?? {},
      // Its own memory, to see where the module's functions are bound; the module, for their names.
      files: { read: [...read, realPath(token.modulePath), '/proc/self/maps', '/proc/self/mem'], write },
      logger: silentLogger,
      onReply: (reply) => this.#answer?.(reply),
      onExit: (how) => {
        this.#end ??= how
        this.#answer?.(this.#end)
      },
    })
  }

  /** The reply, or how the process ended. */
  async ask(request: ProbeRequest, patienceMs: number): Promise<ReplyMessage | string> {
    if (this.#end !== undefined) return this.#end
    const { promise, resolve } = Promise.withResolvers<ReplyMessage | string>()
    this.#answer = resolve
    const patience = setTimeout(() => {
      this.#end = `it did not answer for ${patienceMs} ms and was killed`
      this.#child.kill()
    }, patienceMs)
    this.#child.send({ protocol: PROTOCOL_VERSION, id: this.#next++, urgent: false, command: { kind: 'probe', request } })
    try {
      return await promise
    } finally {
      clearTimeout(patience)
    }
  }

  kill(): void {
    this.#child.kill()
  }
}

/** A module that is not there is reported by the child, in the words of every start. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const MOST_LOST = 3
