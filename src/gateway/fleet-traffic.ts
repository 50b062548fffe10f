/**
 * Calls of the host on their way to the servers of a fleet, and what these send on its way to the host: each side gets what its era of the protocol
 * has.
 */
import { type JsonObject, type JsonValue, type SealstoneError, toSealstoneError } from '#core'
import { type Incoming, type MessageHead, type OwnIds, serverFault } from '#upstream'
import { errorAnswer, failedAnswer, INVALID_PARAMS, INVALID_REQUEST } from './answers.ts'
import { type FleetCall, FleetCalls } from './fleet-calls.ts'
import { type FleetHost, logLevelOf, objectOf, translateParams } from './fleet-host.ts'
import type { FleetMember, FleetSink } from './fleet-member.ts'
import { parseMessage, writeMessage } from './fleet-messages.ts'
import { Questions, refuseQuestion } from './fleet-questions.ts'
import { completeResult, ResultCompletion } from './fleet-results.ts'
import { Rounds } from './fleet-rounds.ts'
import { isNews, Subscriptions, withoutStamp } from './fleet-subscriptions.ts'
import type { HostOutput } from './line-writer.ts'

/** What is known of the host. */
export interface HostState {
  /** Once it has said who it is. */
  host: FleetHost | undefined
  /** Its last request was of 2026-07-28. */
  isModern: boolean
  /** Of the servers' logs, for hosts that say so once for all. */
  level: string | undefined
}

export class FleetTraffic implements FleetSink {
  readonly state: HostState = { host: undefined, isModern: false, level: undefined }
  readonly subscriptions = new Subscriptions()
  readonly #output: HostOutput
  readonly #onEnded: (member: FleetMember, error: SealstoneError) => void
  readonly #calls = new FleetCalls()
  /** What servers want to know of the host, before 2026-07-28 and since. */
  readonly #questions: Questions
  readonly #rounds: Rounds

  constructor(output: HostOutput, ids: OwnIds, onEnded: (member: FleetMember, error: SealstoneError) => void) {
    this.#output = output
    this.#onEnded = onEnded
    this.#questions = new Questions(output, ids)
    this.#rounds = new Rounds(output, `${ids.prefix}round-`, this.#calls)
  }

  fromServer(member: FleetMember, head: MessageHead, bytes: Uint8Array): Promise<void> | undefined {
    if (head.answers !== undefined) return this.#answerOfServer(member, head, bytes)
    if (head.id === undefined) return this.#notificationOfServer(member, head, bytes)
    return this.#requestOfServer(member, head.id, bytes)
  }

  mayStream(member: FleetMember, id: string): boolean {
    return !this.#rounds.holds(id) && this.#calls.get(id)?.member === member
  }

  passes(member: FleetMember, head: MessageHead): ((incoming: Incoming) => Incoming) | undefined {
    const { isModern, methods } = this.#calls.mayBe(member, head)
    if (member.era === 'legacy' && isModern) {
      const completion = new ResultCompletion(methods)
      return (incoming) => ({ ...incoming, bytes: completion.take(incoming.head, incoming.bytes) })
    }
    if (member.era === 'legacy' || isModern) return undefined
    return (incoming) => {
      if (isUnfinished(incoming.head)) throw serverFault('a long result is of another type than "complete"')
      return incoming
    }
  }

  answered(id: string): void {
    this.#calls.end(id)
  }

  memberEnded(member: FleetMember, error: SealstoneError): void {
    this.#questions.lost(member)
    this.#rounds.lost(member)
    this.#calls.lost(member)
    this.#onEnded(member, error)
  }

  /** The host's answer to what a server wanted to know. */
  async answeredByHost(head: MessageHead, bytes: Uint8Array): Promise<void> {
    await this.#questions.answered(head, bytes)
  }

  /** The host does not wait for this call any more. */
  async cancel(id: string, head: MessageHead, bytes: Uint8Array): Promise<void> {
    const round = this.#rounds.cancel(id)
    if (round === undefined) return await this.#calls.cancel(id)?.member.forward(head, bytes)
    this.#calls.end(id)
    round.member.notify('notifications/cancelled', { requestId: JSON.parse(round.id) as JsonValue })
  }

  /** @param message with the params as the server knows them @param bytes as it came, where nothing of it is changed but for the era */
  async forward(member: FleetMember, head: MessageHead, message: JsonObject, isModern: boolean, bytes?: Uint8Array): Promise<void> {
    const { id = 'null', method = '' } = head
    const params = objectOf(message['params'])
    const call = { member, method, isModern, params }
    const refusal = this.#rounds.holds(id) ? 'a request with this id waits for its answer already' : this.#calls.begin(id, call, params)
    if (refusal !== undefined) return await this.#refuse(id, INVALID_REQUEST, refusal)
    if (isModern && member.era === 'legacy') {
      const level = logLevelOf(params)
      if (level !== undefined) member.setLevel(level)
      if (this.#rounds.isRepeat(params)) {
        if (await this.#rounds.repeat(id, member, method, params)) return
        this.#calls.end(id)
        return await this.#refuse(id, INVALID_PARAMS, 'Invalid or expired requestState')
      }
    }
    await this.#send(id, call, message, head, bytes)
  }

  /** In the era of the server. */
  async #send(id: string, { member, isModern }: FleetCall, message: JsonObject, head?: MessageHead, bytes?: Uint8Array): Promise<void> {
    const params = objectOf(message['params'])
    const translated = this.state.host === undefined ? params : translateParams(params, isModern, member.era, this.state.host, this.state.level)
    if (head !== undefined && bytes !== undefined && translated === params) return await member.forward(head, bytes)
    const rewritten = writeMessage(id, { ...message, params: translated })
    await member.forward(rewritten.head, rewritten.bytes)
  }

  #answerOfServer(member: FleetMember, head: MessageHead, bytes: Uint8Array): Promise<void> | undefined {
    const { id = 'null' } = head
    if (this.#rounds.holds(id)) {
      const message = this.#rounds.answer(id, bytes)
      return message && this.#answerOfServer(member, message.head, message.bytes)
    }
    const call = this.#calls.get(id)
    if (call?.member !== member) return undefined // nobody waits for it any more, or it is another server that was asked under this id
    if (!call.isModern && member.era === 'modern' && isUnfinished(head)) return void this.#goOn(id, call, bytes)
    this.#calls.end(id)
    const isShort = call.isModern && member.era === 'legacy' && head.answers === 'result'
    return this.#output.write(isShort ? completed(head, bytes, call.method) : bytes)
  }

  /** A new server wants to know something before it answers, and the host is of before 2026-07-28. Never rejects. */
  async #goOn(id: string, call: FleetCall, bytes: Uint8Array): Promise<void> {
    try {
      const next = await this.#questions.answerFor(call, id, objectOf(parseMessage(bytes)['result']))
      if (!(next instanceof Uint8Array) && this.#calls.again(id) !== undefined)
        return await this.#send(id, call, { method: call.method, params: next })
      this.#calls.end(id)
      await this.#output.write(next instanceof Uint8Array ? next : failedAnswer(id, serverFault('the server asks without end')))
    } catch (error) {
      this.#calls.end(id)
      await this.#output.write(failedAnswer(id, toSealstoneError(error)))
    }
  }

  #requestOfServer(member: FleetMember, id: string, bytes: Uint8Array): Promise<void> | undefined {
    if (member.era === 'legacy') return this.state.isModern ? this.#rounds.ask(member, id, bytes) : this.#questions.ask(member, id, bytes)
    return refuseQuestion(member, id, 'since 2026-07-28 servers ask by their results')
  }

  async #refuse(id: string, code: number, message: string): Promise<void> {
    await this.#output.write(errorAnswer(id, code, message))
  }

  #notificationOfServer(member: FleetMember, head: MessageHead, bytes: Uint8Array): Promise<void> | undefined {
    if (head.method === 'notifications/progress')
      return this.#calls.passesProgress(member, parseMessage(bytes)) ? this.#output.write(bytes) : undefined
    if (head.method === 'notifications/message') {
      if (this.state.isModern && member.era === 'legacy' && !this.#calls.wantsLog(member)) return undefined
      return this.#output.write(named(member, parseMessage(bytes)))
    }
    if (head.method === 'notifications/subscriptions/acknowledged') return undefined // to us
    if (isNews(head)) return this.#news(member, bytes)
    if (head.cancels !== undefined) return this.#questions.cancel(member, head, bytes)
    return this.state.isModern === (member.era === 'modern') ? this.#output.write(bytes) : undefined
  }

  async #writeAll(messages: readonly Uint8Array[]): Promise<void> {
    for (const message of messages) await this.#output.write(message)
  }

  #news(member: FleetMember, bytes: Uint8Array): Promise<void> | undefined {
    if (!this.state.isModern && member.era === 'legacy') return this.#output.write(bytes)
    const message = parseMessage(bytes)
    if (!this.state.isModern) return this.#output.write(writeMessage(undefined, withoutStamp(message)).bytes)
    return this.#writeAll(this.subscriptions.copies(message))
  }
}

/** A line of a server's log: whose it is stands in front of the name that the server gives to its logger. */
function named({ name }: FleetMember, message: JsonObject): Uint8Array {
  const params = objectOf(message['params'])
  const { logger } = params
  return writeMessage(undefined, { ...message, params: { ...params, logger: typeof logger === 'string' ? `${name}: ${logger}` : name } }).bytes
}

/** What the host gets of an old server's result. */
function completed(head: MessageHead, bytes: Uint8Array, method: string): Uint8Array {
  try {
    return completeResult(head, bytes, [method])
  } catch (error) {
    return failedAnswer(head.id ?? 'null', toSealstoneError(error))
  }
}

/** A result since 2026-07-28 that is not the end of its request. */
function isUnfinished({ result }: MessageHead): boolean {
  return result?.members.resultType !== undefined && result.members.resultType !== '"complete"'
}
