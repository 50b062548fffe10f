/** What the servers of a fleet offer, as one list: names with that of their server in front, URIs as they are. */
import { isJsonObject, type JsonObject, type JsonValue } from '#core'
import type { LISTS } from '#upstream'
import { type Answer, NO_ANSWER } from './fleet-handshake.ts'
import type { FleetMember } from './fleet-member.ts'

export type FleetList = (typeof LISTS)[number]

/** `files__read`. */
export function joinName(server: string, name: string): string {
  return `${server}${SEPARATOR}${name}`
}

/** Undefined where there is no server in front. */
export function splitName(joined: string): { readonly server: string; readonly name: string } | undefined {
  const at = joined.indexOf(SEPARATOR) // no name of a server holds one
  return at < 1 ? undefined : { server: joined.slice(0, at), name: joined.slice(at + SEPARATOR.length) }
}

/** All pages of one server's list. */
export async function askForList(member: FleetMember, { method, key }: FleetList): Promise<Answer & { readonly items: readonly JsonObject[] }> {
  const items: JsonObject[] = []
  let bytes = 0
  let cursor: JsonValue | undefined
  for (let page = 0; page < member.limits.pages; page++) {
    // Before the first answer all that the server offers is fetched and compared.
    const answer = await member.ask(method, cursor === undefined ? undefined : { cursor }, member.limits.offerMs + member.limits.requestMs)
    if ('error' in answer) return { ...answer, items: [] }
    const list = answer.result[key]
    // Where nothing is compared it may be anything.
    for (const item of Array.isArray(list) ? (list as readonly JsonValue[]) : []) if (isJsonObject(item)) items.push(item)
    bytes += JSON.stringify(list ?? null).length
    if (bytes > member.limits.offerBytes)
      return { error: { code: NO_ANSWER, message: `Sealstone: the lists are longer than ${member.limits.offerBytes} bytes` }, items: [] }
    cursor = answer.result['nextCursor']
    if (typeof cursor !== 'string' || items.length > member.limits.items) return { ...answer, items }
  }
  return { result: {}, items }
}

/** Which server has a resource, by its URI or by the template with the longest beginning that fits. */
export class ResourceMap {
  readonly #uris = new Map<string, FleetMember>()
  readonly #templates = new Map<string, FleetMember>()

  /** The items without those whose URI another server has already. */
  add(member: FleetMember, key: FleetList['key'], items: readonly JsonObject[]): readonly JsonObject[] {
    const [known, name] = key === 'resources' ? ([this.#uris, 'uri'] as const) : ([this.#templates, 'uriTemplate'] as const)
    return items.filter((item) => {
      const uri = item[name]
      if (typeof uri !== 'string') return false
      const owner = known.get(uri)
      if (owner !== undefined && owner !== member && owner.isUp) return false
      if (owner === undefined && known.size >= MOST_KNOWN) return false // a server that is not compared may name others each time
      known.set(uri, member)
      return true
    })
  }

  find(uri: string): FleetMember | undefined {
    const owner = this.#uris.get(uri)
    if (owner !== undefined) return owner
    const fitting = [...this.#templates].filter(([template]) => uri.startsWith(beginning(template)))
    return fitting.toSorted(([left], [right]) => beginning(right).length - beginning(left).length)[0]?.[1]
  }
}

function beginning(template: string): string {
  const at = template.indexOf('{')
  return at < 0 ? template : template.slice(0, at)
}

const SEPARATOR = '__'
const MOST_KNOWN = 100_000
