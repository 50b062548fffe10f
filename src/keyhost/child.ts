/** The entry of the key host's process: obeys the channel, ignores signals, leaves when the channel closes. */
import { type Logger, SealstoneError, toSealstoneError } from '#core'
import { faultClass } from '#token'
import { childLogger } from '#children'
import { Host } from './host.ts'
import { type CommandMessage, type CommandResult, type ReplyMessage, toWireError } from './protocol.ts'

function run(): void {
  // A terminal's Ctrl-C and a service manager's SIGTERM reach the whole group: the parent drains first and then closes the channel.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('disconnect', leave)
  const logger = childLogger()
  const host = new Host(logger)
  let sweeping: NodeJS.Timeout | undefined
  // Swept in between, collected only when there is nothing to do: a collection takes longer than a signature.
  const collectWhenIdle = debounce(() => {
    if (host.sweep() > 0) sweeping = setTimeout(collectWhenIdle, SWEEP_MS)
    globalThis.gc?.()
  }, IDLE_MS)
  const work = new Inbox(({ id, protocol, command }) => {
    const reply = (message: ReplyMessage): void => {
      process.send?.(message)
      clearTimeout(sweeping)
      collectWhenIdle()
    }
    const answered = answer(id, logger, () => host.obey(protocol, command))
    if (answered instanceof Promise) return answered.then(reply)
    return reply(answered)
  })
  process.on('message', (message) => {
    // In the order of the channel, whatever is done first: later commands name the keys that came with earlier ones.
    host.learnKeys((message as CommandMessage).command)
    work.add(message as CommandMessage)
  })
}

/** Does one command at a time, urgent ones first; between two of them it looks for what has arrived. */
class Inbox {
  readonly #obey: (message: CommandMessage) => void | Promise<void>
  readonly #urgent: CommandMessage[] = []
  readonly #others: CommandMessage[] = []
  #isWorking = false

  constructor(obey: (message: CommandMessage) => void | Promise<void>) {
    this.#obey = obey
  }

  add(message: CommandMessage): void {
    if (message.urgent) this.#urgent.push(message)
    else this.#others.push(message)
    if (this.#isWorking) return
    this.#isWorking = true
    setImmediate(() => this.#next())
  }

  #next(): void {
    const message = this.#urgent.shift() ?? this.#others.shift()
    const done = message === undefined ? undefined : this.#obey(message)
    if (done instanceof Promise) void done.then(() => this.#goOn())
    else this.#goOn()
  }

  #goOn(): void {
    this.#isWorking = this.#urgent.length + this.#others.length > 0
    if (this.#isWorking) setImmediate(() => this.#next())
  }
}

function answer(id: number, logger: Logger, work: () => CommandResult | Promise<CommandResult>): ReplyMessage | Promise<ReplyMessage> {
  const refuse = (thrown: unknown): ReplyMessage => {
    // Only the catalogue's words cross the channel; what nobody expected is in the log. Mostly the system refused memory, which OpenSSL and
    // V8 each say in ways of their own: the process is not to be trusted with the next request. If the next one says the same, so is told.
    const isUnexpected = !(thrown instanceof SealstoneError)
    if (isUnexpected) logger.error({ error: thrown instanceof Error ? thrown.stack : String(thrown) }, 'unexpected error')
    return { id, ok: false, error: toWireError(toSealstoneError(thrown)), lost: isUnexpected || faultClass(thrown) === 'module' }
  }
  try {
    const result = work()
    if (result instanceof Promise) return result.then((late) => ({ id, ok: true, result: late }), refuse)
    return { id, ok: true, result }
  } catch (thrown) {
    return refuse(thrown)
  }
}

function debounce(work: () => void, delayMs: number): () => void {
  let timer: NodeJS.Timeout | undefined
  return () => {
    if (timer === undefined) timer = setTimeout(work, delayMs)
    else timer.refresh()
  }
}

/** At once, without exit handlers of native code: finalising a module or OpenSSL's clean-up can crash, and there is nothing left to save. */
function leave(): void {
  process.kill(process.pid, 'SIGKILL')
}

// Our own copy of a seed is wiped at once, but node:crypto keeps one in the key object, and OpenSSL wipes that only when the object is
// collected. So a child with nothing to do lets go of expanded keys (ready-keys.ts says when) and collects.
const IDLE_MS = 200
const SWEEP_MS = 500

run()
