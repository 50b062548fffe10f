/** The few members of a JSON-RPC message that decide its way: which they are, where they may stand, and what was found of them. */
import { excerpt } from '#core'
import { META } from './envelope.ts'
import { serverFault } from './limits.ts'
import { foldName } from './member-names.ts'

export interface MessageHead {
  /** JSON text, the same for each way to write the same id: `5` or `"a"`. Absent from notifications. */
  readonly id?: string
  readonly method?: string
  readonly answers?: 'result' | 'error'
  /** Of `notifications/cancelled`: the id of the request that is meant, as it is written. */
  readonly cancels?: string
  /** Strings of the params, which decide whether the message may pass. */
  readonly params: Readonly<Partial<Record<ParamName, string>>>
  /** Of an answer whose result is an object that has its end. */
  readonly result?: ResultHead
}

export interface ResultHead {
  /** Where its closing brace is, in bytes from the beginning of the message. */
  readonly end: number
  readonly isEmpty: boolean
  /** As JSON text, of those that matter. */
  readonly members: Readonly<Partial<Record<ResultMember, string>>>
}

export type ParamName = (typeof PARAMS)[number]
export type ResultMember = (typeof RESULT_MEMBERS)[number]

/** Told of brackets, names and values in their order, it knows where in the message it is, and keeps what matters. */
export class HeadMembers {
  /** For each open bracket whether it is an object. */
  readonly #objects: boolean[] = []
  /** Names of the members that we are in, of the three outermost objects. */
  readonly #path: string[] = []
  readonly #found = new Map<string, string>()
  readonly #seen = new Set<string>()
  #result: Pick<ResultHead, 'end' | 'isEmpty'> | undefined

  /** What was found so far. */
  get head(): MessageHead {
    const id = this.#found.get('1:id')
    const method = this.#found.get('1:method')
    const answers = this.#seen.has('1:result') ? 'result' : this.#seen.has('1:error') ? 'error' : undefined
    const cancels = this.#found.get('2:params.requestId')
    const params: Partial<Record<ParamName, string>> = {}
    for (const name of PARAMS) {
      const text = this.#found.get(keyOf(name))
      if (text?.startsWith('"')) params[name] = JSON.parse(text) as string
    }
    return {
      ...(id === undefined ? {} : { id: plainId(id) }),
      ...(method?.startsWith('"') ? { method: JSON.parse(method) as string } : {}),
      ...(answers === undefined ? {} : { answers }),
      ...(cancels === undefined ? {} : { cancels: plainId(cancels) }),
      params,
      ...(this.#result === undefined ? {} : { result: { ...this.#result, members: this.#resultMembers() } }),
    }
  }

  /** How many brackets are open. */
  get depth(): number {
    return this.#objects.length
  }

  /** The innermost open bracket is that of an object. */
  get isInObject(): boolean {
    return this.#objects.at(-1) === true
  }

  /** The head of a message that has come whole. Throws where its members contradict each other. */
  end(): MessageHead {
    const { head } = this
    if (this.#seen.has('1:result') && this.#seen.has('1:error')) throw serverFault('an answer has a result and an error')
    if (head.method === undefined && head.answers === undefined) throw serverFault('a message is neither request nor answer')
    if (head.method !== undefined && head.answers !== undefined) throw serverFault('a message is request and answer at once')
    return head
  }

  /** An object or a list begins. */
  open(isObject: boolean): void {
    if (this.isWanted() && this.#path.length === 1) throw serverFault(`member ${excerpt(this.#path[0] ?? '')} is no plain value`)
    this.#objects.push(isObject)
  }

  /**
   * @param at of its bracket, in bytes from the beginning of the message
   * @returns false where something else was open
   */
  close(isObject: boolean, at: number, isEmpty: boolean): boolean {
    if (this.#objects.pop() !== isObject) return false
    this.#path.length = Math.min(this.#path.length, this.#objects.length)
    if (this.#objects.length === 1 && isObject && this.#path[0] === 'result') this.#result = { end: at, isEmpty }
    return true
  }

  /** A member begins. */
  enter(name: string): void {
    const depth = this.#objects.length
    if (depth > DEEPEST_NAME) return
    this.#path.length = Math.min(this.#path.length, depth - 1)
    while (this.#path.length < depth - 1) this.#path.push('') // within an array
    this.#path.push(name)
    if (depth === 1 && !MEMBERS.has(name) && MEMBERS.has(foldName(name))) {
      throw serverFault(`member ${excerpt(name)} differs from a known one in case only`)
    }
    const path = this.#key()
    if (!(depth === 1 ? MEMBERS.has(name) : WANTED.has(path))) return
    if (this.#seen.has(path)) throw serverFault(`member ${excerpt(name)} appears twice`)
    this.#seen.add(path)
  }

  /** The value of the member that we are in, as JSON text. */
  record(text: string): void {
    this.#found.set(this.#key(), text)
  }

  /** Names matter in the message itself, in its params and in their _meta, and in its result. */
  isWatched(): boolean {
    const depth = this.#objects.length
    if (depth > DEEPEST_NAME || this.#objects.includes(false)) return false
    const [outer] = this.#path
    return (
      depth === 1 ||
      (depth === 2 && (outer === 'params' || outer === 'result')) ||
      (depth === 3 && this.#path[0] === 'params' && this.#path[1] === '_meta')
    )
  }

  /** The value that comes next is kept. */
  isWanted(): boolean {
    const depth = this.#objects.length
    return depth > 0 && depth <= DEEPEST_NAME && this.#path.length === depth && !this.#objects.includes(false) && WANTED.has(this.#key())
  }

  #resultMembers(): ResultHead['members'] {
    const members: Partial<Record<ResultMember, string>> = {}
    for (const name of RESULT_MEMBERS) {
      const text = this.#found.get(`2:result.${name}`)
      if (text !== undefined) members[name] = text
      else if (this.#seen.has(`2:result.${name}`)) members[name] = '' // an object or a list
    }
    return members
  }

  /** With the depth, for a name may have a dot in it. */
  #key(): string {
    return `${this.#path.length}:${this.#path.join('.')}`
  }
}

/** The revision that a request says it is made in. Undefined before 2026-07-28, where the handshake says it. */
export function revisionOf({ params }: MessageHead): string | undefined {
  return params[REVISION]
}

function keyOf(name: ParamName): string {
  return `${name.startsWith('_meta.') ? 3 : 2}:params.${name}`
}

/** JSON-RPC 2.0 §4: a string, a number or null. A number with more digits than can be kept stays as it is. */
function plainId(text: string): string {
  if (text.startsWith('"')) return JSON.stringify(JSON.parse(text))
  if (text === 'null') return text
  const value = Number(text)
  if (!Number.isFinite(value) || text === '') throw serverFault('an id is neither text nor number')
  return Number.isSafeInteger(value) ? String(value) : text
}

const MEMBERS = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])
const REVISION = `_meta.${META.protocolVersion}` as const
/** It stands in `_meta` of every request since 2026-07-28, `protocolVersion` in `initialize` before. */
const PARAMS = ['name', 'uri', 'cursor', 'protocolVersion', 'taskId', REVISION] as const
/** What results must say since 2026-07-28. */
const RESULT_MEMBERS = ['resultType', 'ttlMs', 'cacheScope'] as const
const WANTED = new Set<string>([
  '1:id',
  '1:method',
  '2:params.requestId',
  '2:params.progressToken',
  ...PARAMS.map(keyOf),
  ...RESULT_MEMBERS.map((name) => `2:result.${name}`),
])
const DEEPEST_NAME = 3
