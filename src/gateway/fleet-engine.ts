/**
 * Before many servers at once, as one: each message of the host goes to the server that it is for, and what they offer is one list. Knows nothing
 * of how a host is reached: that is the affair of a front. Host and servers may be of different eras of the protocol.
 */
import { excerpt, isJsonObject, type JsonObject, type SealstoneError, toSealstoneError } from '#core'
import { LISTS, type MessageHead, MODERN_VERSION, OwnIds, revisionOf } from '#upstream'
import { errorAnswer, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, resultAnswer } from './answers.ts'
import { FleetDirectory } from './fleet-directory.ts'
import { type FleetHost, hostFromEnvelope, hostFromInitialize, objectOf } from './fleet-host.ts'
import { discoverResult, initializeResult, modernResult } from './fleet-identity.ts'
import { FleetInterests } from './fleet-interests.ts'
import type { FleetList } from './fleet-lists.ts'
import { FleetMember, type MemberOptions } from './fleet-member.ts'
import { parseMessage, writeMessage } from './fleet-messages.ts'
import { FleetNews } from './fleet-news.ts'
import { FleetTraffic, type HostState } from './fleet-traffic.ts'
import { HostTurns } from './host-turns.ts'
import type { HostOutput } from './line-writer.ts'
import type { HostReader } from './stdio-front.ts'

export class FleetEngine implements HostReader {
  /** Rejects when the last server has gone. */
  readonly ending: Promise<never>
  readonly #fail: (error: SealstoneError) => void
  readonly #servers: FleetDirectory
  readonly #output: HostOutput
  readonly #note: (text: string) => void
  readonly #ids = OwnIds.of('fleet')
  readonly #news: FleetNews
  readonly #version: string
  readonly #traffic: FleetTraffic
  readonly #state: HostState
  readonly #turns: HostTurns
  readonly #interests: FleetInterests
  /** Why servers did not take part from the beginning. */
  #refusals: readonly JsonObject[] = []
  #isStopping = false

  /** @param version of this program, for the host */
  constructor(members: readonly MemberOptions[], host: HostOutput, note: (text: string) => void, version: string) {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => {})
    this.ending = promise
    this.#fail = reject
    this.#output = host
    this.#turns = new HostTurns(host)
    this.#note = note
    this.#news = new FleetNews(note)
    this.#version = version
    this.#traffic = new FleetTraffic(host, this.#ids, (member, error) => this.#ended(member, error))
    this.#state = this.#traffic.state
    this.#servers = new FleetDirectory(
      members.map((options) => new FleetMember(options, host, this.#traffic, this.#ids.within(options.name))),
      (text) => this.#news.tell(text),
      (member, error) => this.#news.leftOut(member, error),
    )
    this.#interests = new FleetInterests(this.#servers, this.#traffic.subscriptions)
  }

  async fromHost(head: MessageHead, bytes: Uint8Array): Promise<void> {
    const { id, method } = head
    if (method === undefined) return await this.#traffic.answeredByHost(head, bytes)
    if (!this.#turns.isStarting || method === 'ping') return await this.#takeSafely(head, bytes)
    // A host that does not wait for the answer to initialize: in order, while answers to servers still pass.
    if (this.#turns.later(async () => await this.#takeSafely(head, bytes))) return
    await this.#error(id ?? 'null', INVALID_REQUEST, 'the servers have not said yet who they are')
  }

  async settled(): Promise<void> {
    await this.#turns.settled()
    await Promise.all(this.#servers.up.map((member) => member.settled()))
  }

  /** From here on servers end because they are ended. */
  async close(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#servers.members.map((member) => member.close()))
  }

  async #takeSafely(head: MessageHead, bytes: Uint8Array): Promise<void> {
    try {
      await this.#take(head, bytes)
    } catch (error) {
      // The head was read without the rest, which may be no JSON.
      await this.#error(head.id ?? 'null', PARSE_ERROR, `Sealstone: ${toSealstoneError(error).message}`)
    }
  }

  async #take(head: MessageHead, bytes: Uint8Array): Promise<void> {
    const { id, method = '' } = head
    if (id === undefined) return await this.#notificationOfHost(head, bytes)
    if (this.#ids.owns(id)) return await this.#error(id, INVALID_REQUEST, 'the id begins like those of the gateway')
    if (method === 'ping') return await this.#output.write(resultAnswer(id, {}))
    if (method === 'initialize') return this.#turns.chain(this.#turns.run(id, async () => await this.#initialize(id, bytes)))
    const version = revisionOf(head)
    if (version !== undefined && version !== MODERN_VERSION) {
      const data = { supported: [MODERN_VERSION], requested: version }
      return await this.#output.write(errorAnswer(id, UNSUPPORTED_VERSION, 'Unsupported protocol version', data))
    }
    const isModern = version !== undefined
    if (this.#state.host === undefined) return await this.#first(id, head, bytes, isModern)
    this.#state.isModern = isModern
    const list = LISTS.find((one) => one.method === method)
    if (list !== undefined) return void this.#turns.run(id, async () => await this.#list(id, head, list, isModern))
    switch (method) {
      case 'tools/call':
      case 'prompts/get':
        return await this.#call(id, head, bytes, isModern)
      case 'completion/complete':
        return await this.#complete(id, head, bytes, isModern)
      case 'resources/read':
        return await this.#toOwner(id, head, bytes, isModern)
      default:
        return await (isModern ? this.#takeModern(id, method, bytes) : this.#takeLegacy(id, head, bytes))
    }
  }

  async #takeModern(id: string, method: string, bytes: Uint8Array): Promise<void> {
    if (method === 'server/discover') return void this.#turns.run(id, async () => await this.#discover(id))
    if (method === 'subscriptions/listen')
      return void this.#turns.run(id, async () => await this.#output.write(await this.#interests.listen(id, bytes)))
    await this.#error(id, METHOD_NOT_FOUND, 'Method not found')
  }

  async #takeLegacy(id: string, head: MessageHead, bytes: Uint8Array): Promise<void> {
    if (head.method === 'logging/setLevel') return void this.#turns.run(id, async () => await this.#setLevel(id, bytes))
    if (head.method === 'resources/subscribe' || head.method === 'resources/unsubscribe') return await this.#toOwner(id, head, bytes, false)
    await this.#error(id, METHOD_NOT_FOUND, 'Method not found')
  }

  /** Since 2026-07-28 a host may begin with anything. */
  async #first(id: string, head: MessageHead, bytes: Uint8Array, isModern: boolean): Promise<void> {
    if (!isModern) return await this.#error(id, INVALID_REQUEST, 'not before the connection is initialized')
    const host = hostFromEnvelope(parseMessage(bytes)['params'])
    if (host === undefined) return await this.#error(id, INVALID_PARAMS, 'the request does not say what the client is able to do')
    this.#turns.chain(this.#begin(host))
    await this.fromHost(head, bytes)
  }

  async #begin(host: FleetHost): Promise<void> {
    this.#state.host = host
    this.#state.isModern = host.era === 'modern'
    const begun = await Promise.all(this.#servers.up.map(async (member) => ({ member, error: await member.begin(host) })))
    for (const { member, error } of begun) if (error !== undefined) this.#news.leftOut(member, error)
    this.#refusals = begun.flatMap(({ error }) => (error === undefined ? [] : [error]))
  }

  async #initialize(id: string, bytes: Uint8Array): Promise<void> {
    const host = hostFromInitialize(parseMessage(bytes)['params'])
    if (this.#state.host === undefined) await this.#begin(host)
    this.#state.isModern = false
    const members = this.#servers.known
    if (members.length === 0) return await this.#refuse(id, this.#refusals[0])
    await this.#output.write(resultAnswer(id, initializeResult(members, host.version, this.#version)))
  }

  async #discover(id: string): Promise<void> {
    const members = this.#servers.known
    if (members.length === 0) return await this.#refuse(id, this.#refusals[0])
    await this.#output.write(resultAnswer(id, discoverResult(members, this.#version)))
  }

  async #list(id: string, { params }: MessageHead, list: FleetList, isModern: boolean): Promise<void> {
    if (params.cursor !== undefined) return await this.#error(id, INVALID_PARAMS, 'Invalid cursor')
    const { items, parts, error } = await this.#servers.list(list)
    if (items.length === 0 && error !== undefined) return await this.#refuse(id, error)
    const result = { [list.key]: items }
    await this.#output.write(resultAnswer(id, isModern ? modernResult(result, parts, this.#version) : result))
  }

  async #setLevel(id: string, bytes: Uint8Array): Promise<void> {
    const params = objectOf(parseMessage(bytes)['params'])
    const { level } = params
    if (typeof level === 'string') this.#state.level = level
    const members = this.#servers.up.filter(({ capabilities, era }) => era === 'legacy' && capabilities['logging'] !== undefined)
    await Promise.all(members.map((member) => member.ask('logging/setLevel', params, member.limits.requestMs)))
    await this.#output.write(resultAnswer(id, {}))
  }

  /** By the name in front, which the server does not see. Its guard judges the rest. */
  async #call(id: string, head: MessageHead, bytes: Uint8Array, isModern: boolean): Promise<void> {
    const target = this.#servers.byName(head.params.name)
    if (target === undefined) return await this.#unknown(id, head.params.name ?? '')
    const message = parseMessage(bytes)
    await this.#traffic.forward(target.member, head, { ...message, params: { ...objectOf(message['params']), name: target.name } }, isModern)
  }

  async #complete(id: string, head: MessageHead, bytes: Uint8Array, isModern: boolean): Promise<void> {
    const message = parseMessage(bytes)
    const params = message['params']
    const ref = isJsonObject(params) ? params['ref'] : undefined
    if (!isJsonObject(params) || !isJsonObject(ref)) return await this.#unknown(id, '')
    const { name, uri } = ref
    const target = typeof name === 'string' ? this.#servers.byName(name) : undefined
    const member = target?.member ?? (typeof uri === 'string' ? await this.#servers.owner(uri) : undefined)
    if (member === undefined) return await this.#unknown(id, typeof name === 'string' ? name : '')
    const rewritten = { ...params, ref: { ...ref, ...(target === undefined ? {} : { name: target.name }) } }
    await this.#traffic.forward(member, head, { ...message, params: rewritten }, isModern)
  }

  async #toOwner(id: string, head: MessageHead, bytes: Uint8Array, isModern: boolean): Promise<void> {
    const { uri = '' } = head.params
    const forward = async (member: FleetMember): Promise<void> => {
      const isSubscription = head.method !== 'resources/read'
      if (isSubscription && member.era === 'modern') {
        return await this.#output.write(this.#interests.subscribe(id, uri, head.method === 'resources/subscribe'))
      }
      await this.#traffic.forward(member, head, parseMessage(bytes), isModern, bytes)
    }
    const known = this.#servers.find(uri)
    if (known !== undefined) return await forward(known)
    // Not listed yet. The host goes on meanwhile: a server may need its answer before it lists.
    void this.#turns.run(id, async () => {
      const member = await this.#servers.owner(uri)
      if (member === undefined) await this.#unknown(id, uri)
      else await forward(member)
    })
  }

  async #notificationOfHost(head: MessageHead, bytes: Uint8Array): Promise<void> {
    // Progress of what a server asked for goes by a token of that server, and two may have chosen the same: it is left out.
    if (head.method === 'notifications/progress') return
    if (head.cancels !== undefined) {
      if (!this.#interests.cancel(head.cancels)) await this.#traffic.cancel(head.cancels, head, bytes)
      return
    }
    for (const member of this.#servers.up) if (member.era === 'legacy') await member.forward(head, bytes)
    if (head.method === 'notifications/initialized' && this.#state.host !== undefined) this.#interests.update()
  }

  #ended(member: FleetMember, error: SealstoneError): void {
    if (!this.#isStopping) this.#note(`the MCP server ${member.name} is left out: ${error.message}`)
    if (this.#servers.up.length === 0) this.#fail(error)
  }

  async #error(id: string, code: number, message: string): Promise<void> {
    await this.#output.write(errorAnswer(id, code, message))
  }

  async #refuse(id: string, error: JsonObject = { code: METHOD_NOT_FOUND, message: 'no MCP server is left' }): Promise<void> {
    await this.#output.write(writeMessage(id, { error }).bytes)
  }

  async #unknown(id: string, name: string): Promise<void> {
    const servers = this.#servers.members.map((member) => member.name).join(', ')
    await this.#error(id, INVALID_PARAMS, `no server has ${excerpt(name)}; names begin with one of ${servers} and __`)
  }
}

const UNSUPPORTED_VERSION = -32022
