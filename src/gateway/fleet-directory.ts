/** Which server of a fleet has what: tools and prompts by the name in front, resources by what was listed. */
import type { JsonObject } from '#core'
import { type Era, LISTS } from '#upstream'
import { METHOD_NOT_FOUND } from './answers.ts'
import type { MemberIdentity } from './fleet-handshake.ts'
import { askForList, type FleetList, joinName, ResourceMap, splitName } from './fleet-lists.ts'
import type { FleetMember } from './fleet-member.ts'

export interface FleetListing {
  readonly items: readonly JsonObject[]
  /** Of each server that answered: its last page. */
  readonly parts: readonly { readonly era: Era; readonly result: JsonObject }[]
  /** Of the first that did not. */
  readonly error: JsonObject | undefined
}

export class FleetDirectory {
  readonly members: readonly FleetMember[]
  readonly #tell: (text: string) => void
  readonly #leaveOut: (member: FleetMember, error: JsonObject) => void
  readonly #resources = new ResourceMap()

  constructor(members: readonly FleetMember[], tell: (text: string) => void, leaveOut: (member: FleetMember, error: JsonObject) => void) {
    this.members = members
    this.#tell = tell
    this.#leaveOut = leaveOut
  }

  get up(): readonly FleetMember[] {
    return this.members.filter(({ isUp }) => isUp)
  }

  /** Those that have said who they are. */
  get known(): readonly (MemberIdentity & { readonly name: string })[] {
    return this.up.flatMap(({ name, identity }) => (identity === undefined ? [] : [{ name, ...identity }]))
  }

  byName(joined = ''): { readonly member: FleetMember; readonly name: string } | undefined {
    const split = splitName(joined)
    const member = split && this.members.find(({ name }) => name === split.server)
    return member && { member, name: split.name }
  }

  /** Of what was listed. */
  find(uri: string): FleetMember | undefined {
    return this.#resources.find(uri)
  }

  /** Asks for lists where it is not known yet. */
  async owner(uri: string): Promise<FleetMember | undefined> {
    const known = this.find(uri)
    if (known !== undefined) return known
    const members = this.#with('resources')
    for (const list of LISTS.filter(({ capability }) => capability === 'resources')) {
      const answers = await Promise.all(members.map(async (member) => ({ member, answer: await askForList(member, list) })))
      for (const { member, answer } of answers) this.#resources.add(member, list.key, answer.items)
    }
    return this.find(uri) ?? (members.length === 1 ? members[0] : undefined)
  }

  /** Of all servers that have one. */
  async list(list: FleetList): Promise<FleetListing> {
    const answers = await Promise.all(this.#with(list.capability).map(async (member) => ({ member, answer: await askForList(member, list) })))
    const items: JsonObject[] = []
    for (const { member, answer } of answers) {
      if ('error' in answer) {
        if (answer.error['code'] !== METHOD_NOT_FOUND) this.#leaveOut(member, answer.error)
      } else items.push(...this.#named(member, list, answer.items))
    }
    const failed = answers.find(({ answer }) => 'error' in answer)?.answer
    const parts = answers.flatMap(({ member: { era }, answer }) => ('result' in answer ? [{ era, result: answer.result }] : []))
    return { items, parts, error: failed !== undefined && 'error' in failed ? failed.error : undefined }
  }

  #named(member: FleetMember, { key }: FleetList, items: readonly JsonObject[]): readonly JsonObject[] {
    // They were compared, or pass as they came.
    if (key === 'tools' || key === 'prompts') return items.map((item) => ({ ...item, name: joinName(member.name, item['name'] as string) }))
    const kept = this.#resources.add(member, key, items)
    if (kept.length < items.length) this.#tell(`${items.length - kept.length} ${key} of ${member.name} are left out: another server has their URIs`)
    return kept
  }

  #with(capability: string): readonly FleetMember[] {
    return this.up.filter(({ capabilities }) => capabilities[capability] !== undefined)
  }
}
