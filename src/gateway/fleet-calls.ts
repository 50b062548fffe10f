/** Requests of the host that a server of the fleet has and has not answered: whose they are, in which era, and what may be told of them meanwhile. */
import type { JsonObject, JsonValue } from '#core'
import type { MessageHead } from '#upstream'
import { logLevelOf, objectOf } from './fleet-host.ts'
import type { FleetMember } from './fleet-member.ts'

export interface FleetCall {
  readonly member: FleetMember
  readonly method: string
  /** Since 2026-07-28: the request says its revision itself. */
  readonly isModern: boolean
  /** As the server got them. */
  readonly params: JsonObject
}

interface Open extends FleetCall {
  readonly token: string | undefined
  readonly wantsLog: boolean
  isCancelled: boolean
  rounds: number
}

export class FleetCalls {
  readonly #open = new Map<string, Open>()

  /** @returns why it is not taken */
  begin(id: string, call: FleetCall, asked: JsonValue | undefined): string | undefined {
    if (this.#open.has(id)) return 'a request with this id waits for its answer already'
    if (this.#open.size >= MOST_OPEN) this.#forgetCancelled()
    if (this.#open.size >= MOST_OPEN) return `${MOST_OPEN} requests wait for their answers already`
    const token = objectOf(objectOf(asked)['_meta'])['progressToken']
    const wantsLog = call.isModern && logLevelOf(asked) !== undefined
    this.#open.set(id, { ...call, token: token === undefined ? undefined : JSON.stringify(token), wantsLog, isCancelled: false, rounds: 0 })
    return undefined
  }

  get(id: string): FleetCall | undefined {
    return this.#open.get(id)
  }

  /** It is asked once more. @returns undefined where the host does not wait any more, or this would be without end */
  again(id: string): FleetCall | undefined {
    const call = this.#open.get(id)
    return call === undefined || call.isCancelled || ++call.rounds > MOST_ROUNDS ? undefined : call
  }

  /** Its answer has come. */
  end(id: string): FleetCall | undefined {
    const call = this.#open.get(id)
    this.#open.delete(id)
    return call
  }

  /** The host waits for it no more; the server may answer all the same. */
  cancel(id: string): FleetCall | undefined {
    const call = this.#open.get(id)
    if (call !== undefined) call.isCancelled = true
    return call
  }

  lost(member: FleetMember): void {
    for (const [id, call] of this.#open) if (call.member === member) this.#open.delete(id)
  }

  /** Of this server, the newest first. */
  of(member: FleetMember): readonly (readonly [id: string, call: FleetCall])[] {
    return [...this.#open].filter(([, call]) => call.member === member && !call.isCancelled).toReversed()
  }

  /** Progress passes only from the server that was asked, until it has answered: tokens are chosen by the host. */
  passesProgress(member: FleetMember, { params }: JsonObject): boolean {
    const token = JSON.stringify(objectOf(params)['progressToken'])
    return this.#some(member, (call) => call.token !== undefined && call.token === token && !call.isCancelled)
  }

  /** Since 2026-07-28 a host says with each request whether it wants to hear of it. */
  wantsLog(member: FleetMember): boolean {
    return this.#some(member, (call) => call.wantsLog)
  }

  /** To which of them a long answer goes whose id has not come: at least what all need that it may be. */
  mayBe(member: FleetMember, { id }: MessageHead): { readonly isModern: boolean; readonly methods: readonly string[] } {
    const known = id === undefined ? undefined : this.#open.get(id)
    const open = known === undefined ? [...this.#open.values()].filter((call) => call.member === member) : [known]
    return { isModern: open.some(({ isModern }) => isModern), methods: open.map(({ method }) => method) }
  }

  #some(member: FleetMember, test: (call: Open) => boolean): boolean {
    return this.#open.values().some((call) => call.member === member && test(call))
  }

  #forgetCancelled(): void {
    for (const [id, { isCancelled }] of this.#open) if (isCancelled) this.#open.delete(id)
  }
}

/** As many as all servers together may have open. */
const MOST_OPEN = 4096
const MOST_ROUNDS = 10
