/** Results of servers of before 2026-07-28, for hosts that want more said in them: what is missing is put in front of the last brace. */
import { type MessageHead, type ResultMember, serverFault } from '#upstream'

/** A result that was held whole. Throws MCP_SERVER_FAULT. */
export function completeResult(head: MessageHead, bytes: Uint8Array, methods: readonly string[]): Uint8Array {
  return new ResultCompletion(methods).take(head, bytes)
}

/** One result, piece by piece. */
export class ResultCompletion {
  readonly #wanted: readonly ResultMember[]
  #passed = 0
  #isDone = false

  /** @param methods one of them was asked */
  constructor(methods: readonly string[]) {
    this.#wanted = methods.includes('resources/read') ? ['resultType', 'ttlMs', 'cacheScope'] : ['resultType']
  }

  /** @param head with what was found up to the end of this piece. Throws MCP_SERVER_FAULT for a result that is no plain one */
  take(head: MessageHead, bytes: Uint8Array): Uint8Array {
    const before = this.#passed
    this.#passed += bytes.length
    const { result } = head
    if (this.#isDone || result === undefined) return bytes
    this.#isDone = true
    const { resultType } = result.members
    if (resultType !== undefined && resultType !== '"complete"') throw serverFault('a server of before 2026-07-28 answers a result of another type')
    const missing = this.#wanted.filter((name) => result.members[name] === undefined).map((name) => MEMBERS[name])
    if (missing.length === 0) return bytes
    const at = result.end - before
    const text = `${result.isEmpty ? '' : ','}${missing.join(',')}`
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at)])
  }
}

/** It said nothing of how long it may be kept, so it is not to be. */
const MEMBERS: Readonly<Record<ResultMember, string>> = {
  resultType: '"resultType":"complete"',
  ttlMs: '"ttlMs":0',
  cacheScope: '"cacheScope":"private"',
}
