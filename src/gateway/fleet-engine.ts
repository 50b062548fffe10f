/**
 * Before many servers at once, as one: each message of the host goes to the server that it is for, and what they offer is one list. Knows nothing
 * of how a host is reached: that is the affair of a front.
 */
import { cutText, excerpt, isJsonObject, type JsonObject, type JsonValue, type SealstoneError, toSealstoneError, visible } from '#core'
import { LISTS, type MessageHead } from '#upstream'
import { errorAnswer, failedAnswer, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, resultAnswer } from './answers.ts'
import { askForList, type FleetList, joinName, ResourceMap, splitName } from './fleet-lists.ts'
import { type Answer, FleetMember, type FleetSink, type MemberOptions } from './fleet-member.ts'
import { parseMessage, writeMessage } from './fleet-messages.ts'
import { FleetProgress } from './fleet-progress.ts'
import type { HostOutput } from './line-writer.ts'

export class FleetEngine implements FleetSink {
  /** Rejects when the last server has gone. */
  readonly ending: Promise<never>
  readonly #fail: (error: SealstoneError) => void
  readonly #members: readonly FleetMember[]
  readonly #host: HostOutput
  readonly #note: (text: string) => void
  readonly #resources = new ResourceMap()
  readonly #prefix = `sealstone-fleet-${Math.random().toString(36).slice(2, 10)}-`
  /** Requests of servers that the host was given under an id of ours. */
  readonly #fromServers = new Map<string, { readonly member: FleetMember; readonly id: string }>()
  readonly #progress = new FleetProgress()
  /** Requests of the host that are asked of several servers. */
  readonly #running = new Set<Promise<void>>()
  readonly #told = new Set<string>()
  readonly #version: string
  /** While initialize is being answered, and what came early after it. */
  #starting: Promise<void> | undefined
  #early = 0
  #isStopping = false
  #next = 1

  /** @param version of this program, for the host */
  constructor(members: readonly MemberOptions[], host: HostOutput, note: (text: string) => void, version: string) {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => {})
    this.ending = promise
    this.#fail = reject
    this.#host = host
    this.#note = note
    this.#version = version
    this.#members = members.map((options) => new FleetMember(options, host, this, `${this.#prefix}${options.name}-`))
  }

  async fromHost(head: MessageHead, bytes: Uint8Array): Promise<void> {
    const { id, method } = head
    if (method === undefined) return await this.#answerOfHost(head, bytes)
    if (this.#starting === undefined || method === 'ping') return await this.#take(head, bytes)
    // A host that does not wait for the answer to initialize: in order, while answers to servers still pass.
    if (++this.#early > MOST_RUNNING) return await this.#host.write(errorAnswer(id ?? 'null', INVALID_REQUEST, 'initialize has no answer yet'))
    this.#chain(this.#starting.then(async () => await this.#take(head, bytes)))
  }

  async settled(): Promise<void> {
    await this.#starting
    await Promise.all(this.#running)
    await Promise.all(this.#members.filter(({ isUp }) => isUp).map((member) => member.settled()))
  }

  /** From here on servers end because they are ended. */
  stop(): void {
    this.#isStopping = true
  }

  async #take(head: MessageHead, bytes: Uint8Array): Promise<void> {
    const { id, method = '' } = head
    if (id === undefined) return await this.#notificationOfHost(head, bytes)
    if (id.startsWith(`"${this.#prefix}`)) return await this.#host.write(errorAnswer(id, INVALID_REQUEST, 'the id begins like those of the gateway'))
    const list = LISTS.find((one) => one.method === method)
    if (list !== undefined) return void this.#run(id, async () => await this.#list(id, head, list))
    switch (method) {
      case 'initialize':
        return this.#chain(this.#run(id, async () => await this.#initialize(id, bytes)))
      case 'ping':
        return await this.#host.write(resultAnswer(id, {}))
      case 'logging/setLevel':
        return void this.#run(id, async () => await this.#setLevel(id, bytes))
      case 'tools/call':
      case 'prompts/get':
        return await this.#call(id, head, bytes)
      case 'completion/complete':
        return await this.#complete(id, bytes)
      case 'resources/read':
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return await this.#toOwner(id, head, bytes)
      default:
        return await this.#host.write(errorAnswer(id, METHOD_NOT_FOUND, 'Method not found'))
    }
  }

  fromServer(member: FleetMember, head: MessageHead, bytes: Uint8Array): Promise<void> | undefined {
    if (head.answers !== undefined) {
      this.answered(member, head)
      return this.#host.write(bytes)
    }
    if (head.id === undefined) return this.#notificationOfServer(member, head, bytes)
    if (this.#fromServers.size >= MOST_FROM_SERVERS) {
      const refusal = writeMessage(head.id, { error: { code: METHOD_NOT_FOUND, message: 'too many requests wait for the host' } })
      return void member.forward(refusal.head, refusal.bytes)
    }
    const id = JSON.stringify(`${this.#prefix}${this.#next++}`)
    this.#fromServers.set(id, { member, id: head.id })
    return this.#host.write(writeMessage(id, parseMessage(bytes)).bytes)
  }

  answered(_member: FleetMember, { id = '' }: MessageHead): void {
    this.#progress.ended(id)
  }

  memberEnded(member: FleetMember, error: SealstoneError): void {
    if (!this.#isStopping) this.#note(`the MCP server ${member.name} is left out: ${error.message}`)
    for (const [id, { member: owner }] of this.#fromServers) if (owner === member) this.#fromServers.delete(id)
    this.#progress.lost(member)
    if (this.#members.every(({ isUp }) => !isUp)) this.#fail(error)
  }

  async #initialize(id: string, bytes: Uint8Array): Promise<void> {
    const { params } = parseMessage(bytes)
    const asked = this.#up().map(async (member) => ({
      member,
      answer: await member.ask('initialize', withoutTasks(params), member.limits.connectMs),
    }))
    const answers = await Promise.all(asked)
    const good = answers.flatMap(({ member, answer }) => ('result' in answer ? [{ member, result: answer.result }] : []))
    for (const { member, answer } of answers) if ('error' in answer) this.#leaveOut(member, answer.error)
    const [first] = good
    if (first === undefined) return await this.#refuse(id, answers[0]?.answer)
    for (const { member, result } of good) member.capabilities = isJsonObject(result['capabilities']) ? result['capabilities'] : {}
    const instructions = good.flatMap(({ member, result }) =>
      typeof result['instructions'] === 'string' ? [`Tools of ${member.name}:\n${result['instructions']}`] : [],
    )
    await this.#host.write(
      resultAnswer(id, {
        // One for all: the oldest of those that were agreed on.
        protocolVersion: good.flatMap(({ result }) => textOf(result['protocolVersion'])).toSorted()[0] ?? '',
        capabilities: mergeCapabilities(good.map(({ member }) => member.capabilities)),
        serverInfo: { name: 'sealstone-gateway', version: this.#version },
        ...(instructions.length === 0 ? {} : { instructions: instructions.join('\n\n') }),
      }),
    )
  }

  async #list(id: string, { params }: MessageHead, list: FleetList): Promise<void> {
    if (params.cursor !== undefined) return await this.#host.write(errorAnswer(id, INVALID_PARAMS, 'Invalid cursor'))
    const members = this.#up().filter(({ capabilities }) => capabilities[list.capability] !== undefined)
    const answers = await Promise.all(members.map(async (member) => ({ member, answer: await askForList(member, list) })))
    const items: JsonObject[] = []
    for (const { member, answer } of answers) {
      if ('error' in answer) {
        if (answer.error['code'] !== METHOD_NOT_FOUND) this.#leaveOut(member, answer.error)
      } else if (list.key === 'tools' || list.key === 'prompts') {
        items.push(...answer.items.map((item) => ({ ...item, name: joinName(member.name, item['name'] as string) }))) // compared, or as it came
      } else {
        const kept = this.#resources.add(member, list.key, answer.items)
        if (kept.length < answer.items.length)
          this.#tell(`${answer.items.length - kept.length} ${list.key} of ${member.name} are left out: another server has their URIs`)
        items.push(...kept)
      }
    }
    const failed = answers.find(({ answer }) => 'error' in answer)
    if (items.length === 0 && failed !== undefined) return await this.#refuse(id, failed.answer)
    await this.#host.write(resultAnswer(id, { [list.key]: items }))
  }

  async #setLevel(id: string, bytes: Uint8Array): Promise<void> {
    const { params } = parseMessage(bytes)
    const members = this.#up().filter(({ capabilities }) => capabilities['logging'] !== undefined)
    await Promise.all(members.map((member) => member.ask('logging/setLevel', isJsonObject(params) ? params : {}, member.limits.requestMs)))
    await this.#host.write(resultAnswer(id, {}))
  }

  /** By the name in front, which the server does not see. Its guard judges the rest. */
  async #call(id: string, head: MessageHead, bytes: Uint8Array): Promise<void> {
    const target = this.#byName(head.params.name)
    if (target === undefined) return await this.#unknown(id, head.params.name ?? '')
    const message = parseMessage(bytes)
    const rewritten = writeMessage(id, { ...message, params: { ...(message['params'] as JsonObject), name: target.name } })
    this.#progress.forwarded(id, target.member, message['params'])
    await target.member.forward(rewritten.head, rewritten.bytes)
  }

  async #complete(id: string, bytes: Uint8Array): Promise<void> {
    const message = parseMessage(bytes)
    const params = message['params']
    const ref = isJsonObject(params) ? params['ref'] : undefined
    if (!isJsonObject(params) || !isJsonObject(ref)) return await this.#unknown(id, '')
    const { name, uri } = ref
    const target = typeof name === 'string' ? this.#byName(name) : undefined
    const member = target?.member ?? (typeof uri === 'string' ? await this.#owner(uri) : undefined)
    if (member === undefined) return await this.#unknown(id, typeof name === 'string' ? name : '')
    const rewritten = writeMessage(id, { ...message, params: { ...params, ref: { ...ref, ...(target === undefined ? {} : { name: target.name }) } } })
    this.#progress.forwarded(id, member, params)
    await member.forward(rewritten.head, rewritten.bytes)
  }

  async #toOwner(id: string, head: MessageHead, bytes: Uint8Array): Promise<void> {
    const { uri = '' } = head.params
    const forward = async (member: FleetMember): Promise<void> => {
      this.#progress.forwarded(id, member, parseMessage(bytes)['params'])
      await member.forward(head, bytes)
    }
    const known = this.#resources.find(uri)
    if (known !== undefined) return await forward(known)
    // Not listed yet. The host goes on meanwhile: a server may need its answer before it lists.
    void this.#run(id, async () => {
      const member = await this.#owner(uri)
      if (member === undefined) await this.#unknown(id, uri)
      else await forward(member)
    })
  }

  async #owner(uri: string): Promise<FleetMember | undefined> {
    const known = this.#resources.find(uri)
    if (known !== undefined) return known
    const members = this.#up().filter(({ capabilities }) => capabilities['resources'] !== undefined)
    for (const list of LISTS.filter(({ capability }) => capability === 'resources')) {
      const answers = await Promise.all(members.map(async (member) => ({ member, answer: await askForList(member, list) })))
      for (const { member, answer } of answers) this.#resources.add(member, list.key, answer.items)
    }
    return this.#resources.find(uri) ?? (members.length === 1 ? members[0] : undefined)
  }

  async #answerOfHost(head: MessageHead, bytes: Uint8Array): Promise<void> {
    const asked = this.#fromServers.get(head.id ?? '')
    if (asked === undefined) return // of a server that has gone, or of nobody
    this.#fromServers.delete(head.id ?? '')
    const rewritten = writeMessage(asked.id, parseMessage(bytes))
    await asked.member.forward(rewritten.head, rewritten.bytes)
  }

  async #notificationOfHost(head: MessageHead, bytes: Uint8Array): Promise<void> {
    // Progress of what a server asked for goes by a token of that server, and two may have chosen the same: it is left out.
    if (head.method === 'notifications/progress') return
    if (head.cancels !== undefined) this.#progress.ended(head.cancels)
    for (const member of this.#up()) await member.forward(head, bytes)
  }

  #notificationOfServer(member: FleetMember, head: MessageHead, bytes: Uint8Array): Promise<void> | undefined {
    if (head.method === 'notifications/progress') return this.#progress.passes(member, parseMessage(bytes)) ? this.#host.write(bytes) : undefined
    if (head.method === 'notifications/message') return this.#host.write(named(member, parseMessage(bytes)))
    return head.cancels === undefined ? this.#host.write(bytes) : this.#cancelOfServer(member, head, bytes)
  }

  #cancelOfServer(member: FleetMember, { cancels }: MessageHead, bytes: Uint8Array): Promise<void> | undefined {
    const found = [...this.#fromServers].find(([, asked]) => asked.member === member && asked.id === cancels)
    if (found === undefined) return undefined
    this.#fromServers.delete(found[0])
    const message = parseMessage(bytes)
    const params = { ...(message['params'] as JsonObject), requestId: JSON.parse(found[0]) as string }
    return this.#host.write(writeMessage(undefined, { ...message, params }).bytes)
  }

  #byName(joined = ''): { readonly member: FleetMember; readonly name: string } | undefined {
    const split = splitName(joined)
    const member = split && this.#members.find(({ name }) => name === split.server)
    return member && { member, name: split.name }
  }

  #up(): readonly FleetMember[] {
    return this.#members.filter(({ isUp }) => isUp)
  }

  /** What comes from now on waits for this, until nothing waits any more. */
  #chain(work: Promise<void>): void {
    const last = work.catch(() => {}) // the host is told by its answer
    this.#starting = last
    void last.then(() => {
      if (this.#starting !== last) return
      this.#starting = undefined
      this.#early = 0
    })
  }

  /** Never rejects. */
  async #run(id: string, work: () => Promise<void>): Promise<void> {
    if (this.#running.size >= MOST_RUNNING) return await this.#host.write(errorAnswer(id, INVALID_REQUEST, `${MOST_RUNNING} requests wait already`))
    const running = work().catch((error: unknown) => void this.#host.write(failedAnswer(id, toSealstoneError(error))))
    this.#running.add(running)
    await running
    this.#running.delete(running)
  }

  /** Others go on: what is wrong with this one is told here, in the audit log, and to whoever calls a tool of it. */
  #leaveOut(member: FleetMember, error: JsonObject): void {
    this.#tell(`the MCP server ${member.name} is left out: ${visible(cutText(textOf(error['message'])[0] ?? 'no reason', 500))}`)
  }

  #tell(text: string): void {
    if (this.#told.has(text) || this.#told.size > MOST_TOLD) return
    this.#told.add(text)
    this.#note(text)
  }

  async #refuse(id: string, answer: Answer | undefined): Promise<void> {
    const error = answer !== undefined && 'error' in answer ? answer.error : { code: METHOD_NOT_FOUND, message: 'no MCP server is left' }
    await this.#host.write(writeMessage(id, { error }).bytes)
  }

  async #unknown(id: string, name: string): Promise<void> {
    const servers = this.#members.map((member) => member.name).join(', ')
    await this.#host.write(errorAnswer(id, INVALID_PARAMS, `no server has ${excerpt(name)}; names begin with one of ${servers} and __`))
  }
}

/** A line of a server's log: whose it is stands in front of the name that the server gives to its logger. */
function named({ name }: FleetMember, message: JsonObject): Uint8Array {
  const params = isJsonObject(message['params']) ? message['params'] : {}
  const { logger } = params
  return writeMessage(undefined, { ...message, params: { ...params, logger: typeof logger === 'string' ? `${name}: ${logger}` : name } }).bytes
}

function textOf(value: JsonValue | undefined): readonly string[] {
  return typeof value === 'string' ? [value] : []
}

/** Task ids of several servers cannot be told apart, so neither side is told of tasks. */
function withoutTasks(params: JsonValue | undefined): JsonObject {
  if (!isJsonObject(params)) return {}
  const { tasks: _, ...capabilities } = isJsonObject(params['capabilities']) ? params['capabilities'] : {}
  return { ...params, capabilities }
}

function mergeCapabilities(all: readonly JsonObject[]): JsonObject {
  const merged: Record<string, JsonValue> = {}
  for (const capabilities of all) {
    for (const [name, value] of Object.entries(capabilities)) {
      if (!ROUTED.has(name)) continue
      const before = merged[name]
      merged[name] = isJsonObject(before) && isJsonObject(value) ? { ...before, ...value } : value
    }
  }
  return merged
}

const ROUTED = new Set(['tools', 'prompts', 'resources', 'completions', 'logging'])
const MOST_RUNNING = 64
const MOST_FROM_SERVERS = 256
const MOST_TOLD = 1000
