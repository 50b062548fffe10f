/** Asks the server for what the page shows before it is judged. */
import type { Activity } from '#tlog'
import type { EntryAnswer } from './entry.ts'
import type { Filter } from './filter.ts'

export interface PageRequest {
  readonly filter?: Filter
  readonly operationId?: string
  readonly before?: bigint
  readonly limit: number
}

/** Throws an Error with a text for people. */
export async function fetchEntries({ filter = {}, operationId, before, limit }: PageRequest, signal?: AbortSignal): Promise<EntryAnswer> {
  const parameters = new URLSearchParams({ limit: String(limit) })
  for (const [name, value] of Object.entries({ ...filter, operationId })) if (value !== undefined && value !== '') parameters.set(name, value)
  if (before !== undefined) parameters.set('before', String(before))
  return (await fetchJson(`/api/entries?${parameters}`, signal)) as EntryAnswer
}

/** How many entries the server says the signed log has; 0 before the first checkpoint. To have something to show while that is checked. */
export async function fetchClaimedSize(): Promise<bigint> {
  const note = await fetchJson('/api/checkpoint')
  const size = typeof note === 'string' ? /^[^\n]*\n(\d{1,18})\n/.exec(note)?.[1] : undefined
  return BigInt(size ?? 0)
}

export async function fetchActivity(since: number | undefined, buckets: number, signal?: AbortSignal): Promise<Activity> {
  const parameters = new URLSearchParams({ buckets: String(buckets), ...(since === undefined ? {} : { since: String(since) }) })
  return (await fetchJson(`/api/activity?${parameters}`, signal)) as Activity
}

export async function signOut(): Promise<void> {
  await fetch('/api/sign-out', { method: 'POST' })
  location.reload()
}

async function fetchJson(path: string, signal?: AbortSignal): Promise<unknown> {
  const response = await fetch(path, signal === undefined ? {} : { signal })
  if (response.ok) return await response.json()
  const refused = (await response.json().catch(() => ({}))) as { message?: string }
  throw new Error(refused.message ?? (response.status === 401 ? 'the session is over' : `the server answers ${response.status}`))
}
