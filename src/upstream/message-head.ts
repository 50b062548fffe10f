/** Finds `id`, `method` and a few names in a JSON-RPC message as its bytes come, without holding or parsing the rest of it. */
import { excerpt, utf8Text } from '#core'
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

/**
 * Takes one message in pieces of any size. Throws MCP_SERVER_FAULT for what two parsers could read in two ways: a member that appears
 * twice, one that differs from a known one in case only, strings and brackets in an order that no JSON has (a host that splits lines where
 * we do not would see another message in them), several messages in one.
 */
export class HeadScanner {
  readonly #maxDepth: number
  /** For each open bracket whether it is an object. */
  readonly #objects: boolean[] = []
  /** Names of the members that we are in, of the three outermost objects. */
  readonly #path: string[] = []
  readonly #found = new Map<string, string>()
  readonly #seen = new Set<string>()
  #state: 'before' | 'name' | 'colon' | 'value' | 'separator' | 'string' | 'scalar' | 'after' = 'before'
  /** The string that is being read is the name of a member. */
  #isName = false
  /** The last piece ended within an escape. */
  #escaped = false
  #captured: Uint8Array[] | undefined
  #capturedBytes = 0
  /** Of all pieces before this one. */
  #bytesBefore = 0
  #result: Pick<ResultHead, 'end' | 'isEmpty'> | undefined

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#state === 'string') at = this.#readString(bytes, at)
      else if (this.#state === 'scalar') at = this.#readScalar(bytes, at)
      else at = this.#readStructure(bytes, at)
    }
    this.#bytesBefore += bytes.length
  }

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

  /** Its closing brace has come. */
  get isComplete(): boolean {
    return this.#state === 'after'
  }

  /** The message is complete. Throws where it is not. */
  end(): MessageHead {
    if (this.#state !== 'after') throw serverFault('a message breaks off before its end')
    const { head } = this
    if (this.#seen.has('1:result') && this.#seen.has('1:error')) throw serverFault('an answer has a result and an error')
    if (head.method === undefined && head.answers === undefined) throw serverFault('a message is neither request nor answer')
    if (head.method !== undefined && head.answers !== undefined) throw serverFault('a message is request and answer at once')
    return head
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

  #readStructure(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number
    switch (byte) {
      case 0x20:
      case 0x09:
      case 0x0d:
      case 0x0a:
        return at + 1
      case QUOTE:
        if (this.#state !== 'name' && this.#state !== 'value') break
        this.#isName = this.#state === 'name'
        this.#state = 'string'
        if (this.#isName ? this.#objects.length <= DEEPEST_NAME && this.#isWatched() : this.#isWanted()) this.#capture()
        return at + 1
      case 0x7b: // {
      case 0x5b: // [
        if (this.#state !== 'before' && this.#state !== 'value') break
        if (this.#state === 'before' && byte === 0x5b) throw serverFault('several messages in one are not taken: MCP has no batches since 2025-06-18')
        if (this.#isWanted() && this.#path.length === 1) throw serverFault(`member ${excerpt(this.#path[0] ?? '')} is no plain value`)
        this.#objects.push(byte === 0x7b)
        if (this.#objects.length > this.#maxDepth) throw serverFault(`a message is nested deeper than ${this.#maxDepth} levels`)
        this.#state = byte === 0x7b ? 'name' : 'value'
        return at + 1
      case 0x7d: // }
      case 0x5d: // ]
        if (this.#state !== 'separator' && this.#state !== (byte === 0x7d ? 'name' : 'value')) break
        if (this.#objects.pop() !== (byte === 0x7d)) break
        this.#path.length = Math.min(this.#path.length, this.#objects.length)
        if (this.#objects.length === 1 && byte === 0x7d && this.#path[0] === 'result')
          this.#result = { end: this.#bytesBefore + at, isEmpty: this.#state === 'name' }
        this.#state = this.#objects.length === 0 ? 'after' : 'separator'
        return at + 1
      case 0x2c: // ,
        if (this.#state !== 'separator') break
        this.#state = this.#objects.at(-1) === true ? 'name' : 'value'
        return at + 1
      case 0x3a: // :
        if (this.#state !== 'colon') break
        this.#state = 'value'
        return at + 1
      default:
        if (this.#state !== 'value' || !isScalarByte(byte)) break
        this.#state = 'scalar'
        if (this.#isWanted()) this.#capture()
        return at
    }
    throw serverFault('a message is not valid JSON')
  }

  #readString(bytes: Uint8Array, at: number): number {
    let from = this.#escaped ? at + 1 : at // there is at least one byte
    this.#escaped = false
    for (;;) {
      const quote = bytes.indexOf(QUOTE, from)
      const stop = quote === -1 ? bytes.length : quote
      let slashes = 0
      while (stop - slashes > from && bytes[stop - slashes - 1] === BACKSLASH) slashes++
      const escapes = slashes % 2 === 1 // a quote behind an odd number of backslashes is part of the string
      if (quote !== -1 && escapes) {
        from = quote + 1
        continue
      }
      this.#keep(bytes.subarray(at, stop))
      if (quote === -1) this.#escaped = escapes
      else this.#endString()
      return quote === -1 ? bytes.length : quote + 1
    }
  }

  #readScalar(bytes: Uint8Array, at: number): number {
    let end = at
    while (end < bytes.length && isScalarByte(bytes[end] as number)) end++
    this.#keep(bytes.subarray(at, end))
    if (end < bytes.length) {
      const text = this.#taken()
      if (text !== undefined) this.#record(text)
      this.#state = 'separator'
    }
    return end
  }

  #endString(): void {
    const raw = this.#taken()
    this.#state = this.#isName ? 'colon' : 'separator'
    if (raw === undefined) {
      if (this.#isName) this.#enter('')
      return
    }
    const text = parseString(`"${raw}"`)
    if (this.#isName) this.#enter(text)
    else this.#record(`"${raw}"`)
  }

  /** A member begins. */
  #enter(name: string): void {
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

  #record(text: string): void {
    this.#found.set(this.#key(), text)
  }

  /** Names matter in the message itself, in its params and in their _meta, and in its result. */
  #isWatched(): boolean {
    const depth = this.#objects.length
    if (this.#objects.includes(false)) return false
    const [outer] = this.#path
    return (
      depth === 1 ||
      (depth === 2 && (outer === 'params' || outer === 'result')) ||
      (depth === 3 && this.#path[0] === 'params' && this.#path[1] === '_meta')
    )
  }

  #isWanted(): boolean {
    const depth = this.#objects.length
    return depth > 0 && depth <= DEEPEST_NAME && this.#path.length === depth && !this.#objects.includes(false) && WANTED.has(this.#key())
  }

  /** With the depth, for a name may have a dot in it. */
  #key(): string {
    return `${this.#path.length}:${this.#path.join('.')}`
  }

  #capture(): void {
    this.#captured = []
    this.#capturedBytes = 0
  }

  #keep(bytes: Uint8Array): void {
    if (this.#captured === undefined) return
    this.#capturedBytes += bytes.length
    if (this.#capturedBytes > MOST_CAPTURED) throw serverFault(`a name or id is longer than ${MOST_CAPTURED} bytes`)
    this.#captured.push(bytes.slice())
  }

  #taken(): string | undefined {
    const parts = this.#captured
    this.#captured = undefined
    return parts === undefined ? undefined : utf8Text(parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts))
  }
}

/** The head of a message that is held whole. */
export function readHead(message: Uint8Array, maxDepth: number): MessageHead {
  const scanner = new HeadScanner(maxDepth)
  scanner.push(message)
  return scanner.end()
}

function keyOf(name: ParamName): string {
  return `${name.startsWith('_meta.') ? 3 : 2}:params.${name}`
}

/** JSON-RPC 2.0 §4: a string, a number or null. A number with more digits than can be kept stays as it is. */
function plainId(text: string): string {
  if (text.startsWith('"')) return JSON.stringify(parseString(text))
  if (text === 'null') return text
  const value = Number(text)
  if (!Number.isFinite(value) || text === '') throw serverFault('an id is neither text nor number')
  return Number.isSafeInteger(value) ? String(value) : text
}

function parseString(text: string): string {
  try {
    return JSON.parse(text) as string
  } catch (cause) {
    throw serverFault('a message is not valid JSON', cause)
  }
}

/** Of numbers, true, false and null; nothing else may stand outside of strings. */
function isScalarByte(byte: number): boolean {
  return SCALAR[byte] === 1
}

const SCALAR = new Uint8Array(256)
for (const byte of Buffer.from('0123456789+-.eEtrufalsn')) SCALAR[byte] = 1
const QUOTE = 0x22
const BACKSLASH = 0x5c
const MEMBERS = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])
/** `io.modelcontextprotocol/protocolVersion` stands in `_meta` of every request since 2026-07-28, `protocolVersion` in `initialize` before. */
const PARAMS = ['name', 'uri', 'cursor', 'protocolVersion', 'taskId', '_meta.io.modelcontextprotocol/protocolVersion'] as const
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
const MOST_CAPTURED = 8192
