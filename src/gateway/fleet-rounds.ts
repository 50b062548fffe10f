/**
 * What old servers want to know of a host since 2026-07-28, which is asked by results: the call during which the question comes is answered by it, and
 * goes on when the host repeats it with what it says. The server sees one call and the answers to its questions.
 */
import { randomUUID } from 'node:crypto'
import type { JsonObject, JsonValue } from '#core'
import type { FleetCalls } from './fleet-calls.ts'
import { objectOf } from './fleet-host.ts'
import type { FleetMember } from './fleet-member.ts'
import { type Message, parseMessage, writeMessage } from './fleet-messages.ts'
import { isQuestion, refuseQuestion } from './fleet-questions.ts'
import type { HostOutput } from './line-writer.ts'

interface Round {
  readonly member: FleetMember
  readonly method: string
  /** Of the call, as the server knows it. */
  readonly callId: string
  /** Of the request of the host that waits now; undefined while the host is to repeat it. */
  hostId: string | undefined
  state: string
  /** Ids of the server's questions, by the names under which the host has them. */
  asked: Map<string, string>
  /** Questions that came while the host thinks about others. */
  readonly later: { readonly id: string; readonly message: JsonObject }[]
  laterBytes: number
  /** The server did not wait for what it wanted to know. */
  answer: Uint8Array | undefined
}

export class Rounds {
  readonly #output: HostOutput
  readonly #prefix: string
  readonly #calls: FleetCalls
  /** By the id of the call, as the server knows it; the oldest first. */
  readonly #open = new Map<string, Round>()

  /** @param prefix of states that no server uses */
  constructor(output: HostOutput, prefix: string, calls: FleetCalls) {
    this.#output = output
    this.#prefix = prefix
    this.#calls = calls
  }

  /** A request of an old server. It does not say to which call it belongs: it is the newest that may be answered so. */
  ask(member: FleetMember, id: string, bytes: Uint8Array): Promise<void> | undefined {
    const message = parseMessage(bytes)
    if (message['method'] === 'ping') return member.reply(id, { result: {} })
    if (!isQuestion(message)) return refuseQuestion(member, id, 'Method not found')
    const asking = this.#calls.of(member).filter(([, { method, isModern }]) => isModern && ASKING.has(method))
    const waiting = [...this.#open.values()].filter((round) => round.member === member && round.hostId === undefined)
    if (this.#output.isShared === true && asking.length + waiting.length > 1) return refuseQuestion(member, id, 'it is not clear whom to ask')
    const [hostId, call] = asking[0] ?? []
    const running = [...this.#open.values()].find((round) => round.member === member && (hostId === undefined || round.hostId === hostId))
    if (hostId === undefined || call === undefined) {
      if (running === undefined || running.later.length >= MOST_LATER) return refuseQuestion(member, id, 'there is no call during which to ask')
      if (running.laterBytes + bytes.length > MOST_KEPT_BYTES) return refuseQuestion(member, id, 'too much waits for the host')
      running.later.push({ id, message })
      running.laterBytes += bytes.length
      return undefined
    }
    const round: Round = running ?? {
      member,
      method: call.method,
      callId: hostId,
      hostId,
      state: '',
      asked: new Map(),
      later: [],
      laterBytes: 0,
      answer: undefined,
    }
    round.later.push({ id, message })
    this.#open.set(round.callId, round)
    this.#dropOldest()
    return this.#question(round, hostId)
  }

  /** Whether this request of the host goes on with a call that it was asked about. */
  isRepeat(params: JsonObject): boolean {
    const { requestState } = params
    return typeof requestState === 'string' && requestState.startsWith(this.#prefix)
  }

  /** The host has repeated the call. @returns false where none waits for it */
  async repeat(id: string, member: FleetMember, method: string, params: JsonObject): Promise<boolean> {
    const round = [...this.#open.values()].find(({ state, hostId }) => state === params['requestState'] && hostId === undefined)
    if (round === undefined || round.member !== member || round.method !== method) return false
    round.hostId = id
    const responses = objectOf(params['inputResponses'])
    const { asked } = round
    round.asked = new Map() // the server may ask again at once
    for (const [name, questionId] of asked) {
      const given = responses[name]
      const answer: JsonObject = given === undefined ? { error: { code: NO_ANSWER, message: 'the host gave no answer' } } : { result: given }
      const { head, bytes } = writeMessage(questionId, answer)
      await member.forward(head, bytes)
    }
    if (round.hostId !== id) return true
    if (round.answer !== undefined) {
      const { answer } = round
      this.#open.delete(round.callId)
      await member.write(renamed(id, answer).bytes)
    } else if (round.later.length > 0) await this.#question(round, id)
    return true
  }

  /** The server answers a call under an id that the host has seen answered: it must be held whole. */
  holds(id: string): boolean {
    return this.#open.has(id)
  }

  /** @returns the answer as it goes to the host; undefined where it is kept until the host asks */
  answer(id: string, bytes: Uint8Array): Message | undefined {
    const round = this.#open.get(id)
    if (round === undefined) return undefined
    if (round.hostId === undefined) {
      const tooLong = writeMessage(id, { error: { code: NO_ANSWER, message: 'the server answered before the host did' } }).bytes
      round.answer = bytes.length > MOST_KEPT_BYTES ? tooLong : bytes
      return undefined
    }
    this.#open.delete(id)
    return renamed(round.hostId, bytes)
  }

  /** The host does not wait any more. @returns the server, and the id by which it knows the call */
  cancel(hostId: string): { readonly member: FleetMember; readonly id: string } | undefined {
    const round = [...this.#open.values()].find((one) => one.hostId === hostId)
    if (round === undefined) return undefined
    this.#open.delete(round.callId)
    return { member: round.member, id: round.callId }
  }

  lost(member: FleetMember): void {
    for (const [id, round] of this.#open) if (round.member === member) this.#open.delete(id)
  }

  /** All that the server has asked by now, as the answer to this request. */
  #question(round: Round, hostId: string): Promise<void> | undefined {
    this.#calls.end(hostId)
    round.hostId = undefined
    round.state = `${this.#prefix}${randomUUID()}`
    round.laterBytes = 0
    const requests: Record<string, JsonValue> = {}
    for (const [at, { id, message }] of round.later.splice(0).entries()) {
      const name = `question-${at + 1}`
      round.asked.set(name, id)
      const { method = '', params } = message
      requests[name] = { method, ...(params === undefined ? {} : { params }) }
    }
    const result = { resultType: 'input_required', inputRequests: requests, requestState: round.state }
    return this.#output.write(writeMessage(hostId, { result }).bytes)
  }

  #dropOldest(): void {
    const [oldest] = this.#open.values()
    if (this.#open.size <= MOST_OPEN || oldest === undefined) return
    this.#open.delete(oldest.callId)
    for (const id of oldest.asked.values()) void refuseQuestion(oldest.member, id, 'the host gave no answer')
  }
}

/** An answer to the host's request of this id. */
function renamed(id: string, answer: Uint8Array): Message {
  try {
    return writeMessage(id, parseMessage(answer))
  } catch {
    return writeMessage(id, { error: { code: NO_ANSWER, message: 'the answer of the server is not valid JSON' } })
  }
}

/** Requests that may be answered by a question (MCP 2026-07-28). */
const ASKING = new Set(['tools/call', 'prompts/get', 'resources/read'])
const NO_ANSWER = -32603
const MOST_OPEN = 64
const MOST_LATER = 16
const MOST_KEPT_BYTES = 256 * 1024
