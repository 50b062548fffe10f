/** What the servers of a fleet are told that the host wants to hear of: changes of their lists, and of resources of theirs. */
import type { FleetMember } from './fleet-member.ts'
import { objectOf } from './fleet-host.ts'

export class FleetWatch {
  readonly #told = new Map<FleetMember, { readonly key: string; readonly uris: ReadonlySet<string> }>()

  /** @param owner whose resource it is */
  update(members: readonly FleetMember[], uris: ReadonlySet<string>, owner: (uri: string) => FleetMember | undefined): void {
    for (const member of members) {
      const own = new Set([...uris].filter((uri) => owner(uri) === member))
      const lists = new Set(
        LISTS.filter(({ capability }) => objectOf(member.capabilities[capability])['listChanged'] === true).map(({ method }) => method),
      )
      const key = JSON.stringify([...lists, ...[...own].toSorted()])
      const before = this.#told.get(member)
      if (before?.key === key) continue
      this.#told.set(member, { key, uris: own })
      if (member.era === 'modern') member.listen(lists, own)
      else subscribe(member, before?.uris ?? new Set(), own)
    }
  }
}

function subscribe(member: FleetMember, before: ReadonlySet<string>, now: ReadonlySet<string>): void {
  const { requestMs } = member.limits
  for (const uri of now.difference(before)) void member.ask('resources/subscribe', { uri }, requestMs)
  for (const uri of before.difference(now)) void member.ask('resources/unsubscribe', { uri }, requestMs)
}

const LISTS = [
  { method: 'notifications/tools/list_changed', capability: 'tools' },
  { method: 'notifications/prompts/list_changed', capability: 'prompts' },
  { method: 'notifications/resources/list_changed', capability: 'resources' },
] as const
