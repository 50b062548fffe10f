/**
 * What servers of a fleet want to know of a host of before 2026-07-28, which is asked by requests: old servers send them, new ones put them into a
 * result that is not the last, and want the call once more with the answers.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject, JsonValue } from '#core'
import { type MessageHead, type OwnIds, serverFault } from '#upstream'
import { errorAnswer, failedAnswer, METHOD_NOT_FOUND } from './answers.ts'
import type { FleetCall } from './fleet-calls.ts'
import { objectOf } from './fleet-host.ts'
import type { FleetMember } from './fleet-member.ts'
import { parseMessage, writeMessage } from './fleet-messages.ts'
import type { HostOutput } from './line-writer.ts'

interface Question {
  readonly member: FleetMember
  /** By which an old server can cancel it. */
  readonly id?: string
  answered(message: JsonObject): Promise<void>
}

export class Questions {
  readonly #output: HostOutput
  readonly #ids: OwnIds
  /** By the ids under which the host was asked. */
  readonly #open = new Map<string, Question>()

  constructor(output: HostOutput, ids: OwnIds) {
    this.#output = output
    this.#ids = ids
  }

  /** A request of an old server. */
  ask(member: FleetMember, id: string, bytes: Uint8Array): Promise<void> | undefined {
    if (this.#open.size >= MOST_OPEN) return refuseQuestion(member, id, 'too many requests wait for the host')
    const answered = async (message: JsonObject): Promise<void> => {
      const rewritten = writeMessage(id, message)
      await member.forward(rewritten.head, rewritten.bytes)
    }
    return this.#put({ member, id, answered }, parseMessage(bytes))
  }

  /**
   * A result of a new server that is not the last: asks the host all that it wants to know. @returns the params with which the call is to be repeated,
   * or what the host gets as its answer
   */
  async answerFor(call: FleetCall, id: string, result: JsonObject): Promise<JsonObject | Uint8Array> {
    const { inputRequests, requestState, resultType } = result
    const asked = Object.entries(objectOf(inputRequests))
    const isSense = resultType === 'input_required' && asked.every(([, one]) => isQuestion(one))
    if (!isSense || asked.length > MOST_AT_ONCE || this.#open.size + asked.length > MOST_OPEN) {
      return failedAnswer(id, serverFault('the server wants to know what the host cannot be asked'))
    }
    if (asked.length === 0) await sleep(PAUSE_MS, undefined, { ref: false })
    const answers = await Promise.all(asked.map(async ([name, one]) => [name, await this.#question(call.member, objectOf(one))] as const))
    const failed = answers.find(([, { error }]) => error !== undefined)?.[1]
    if (failed !== undefined) {
      const { code, message } = objectOf(failed['error'])
      return errorAnswer(id, typeof code === 'number' ? code : METHOD_NOT_FOUND, typeof message === 'string' ? message : 'the host gave no answer')
    }
    const inputResponses = Object.fromEntries(answers.map(([name, { result: given = null }]) => [name, given]))
    return {
      ...call.params,
      ...(typeof requestState === 'string' ? { requestState } : {}),
      ...(asked.length === 0 ? {} : { inputResponses }),
    }
  }

  /** By the host. */
  async answered({ id = '' }: MessageHead, bytes: Uint8Array): Promise<void> {
    const question = this.#open.get(id)
    if (question === undefined) return // of a server that has gone, or of nobody
    this.#open.delete(id)
    await question.answered(parseMessage(bytes))
  }

  /** An old server does not want the answer any more. */
  cancel(member: FleetMember, { cancels }: MessageHead, bytes: Uint8Array): Promise<void> | undefined {
    const found = [...this.#open].find(([, question]) => question.member === member && question.id !== undefined && question.id === cancels)
    if (found === undefined) return undefined
    this.#open.delete(found[0])
    const message = parseMessage(bytes)
    const params = { ...objectOf(message['params']), requestId: JSON.parse(found[0]) as string }
    return this.#output.write(writeMessage(undefined, { ...message, params }).bytes)
  }

  lost(member: FleetMember): void {
    for (const [id, question] of this.#open) if (question.member === member) this.#open.delete(id)
  }

  async #question(member: FleetMember, message: JsonObject): Promise<JsonObject> {
    const { promise, resolve } = Promise.withResolvers<JsonObject>()
    await this.#put({ member, answered: async (answer) => resolve(answer) }, message)
    return await promise
  }

  #put(question: Question, message: JsonObject): Promise<void> | undefined {
    const id = this.#ids.next()
    this.#open.set(id, question)
    return this.#output.write(writeMessage(id, message).bytes)
  }
}

/** What servers may want to know; since 2026-07-28 nothing else. */
export function isQuestion(value: JsonValue | undefined): boolean {
  const { method } = objectOf(value)
  return typeof method === 'string' && KNOWN.has(method)
}

export function refuseQuestion(member: FleetMember, id: string, message: string): Promise<void> | undefined {
  return member.reply(id, { error: { code: METHOD_NOT_FOUND, message } })
}

const KNOWN = new Set(['elicitation/create', 'sampling/createMessage', 'roots/list'])
const MOST_OPEN = 256
const MOST_AT_ONCE = 16
/** Before a call is repeated of which the server said only that it is not done. */
const PAUSE_MS = 1000
