/** A key as `keys list --json`, `keys show --json` and every change of a key print it. */
import type { KeyInfo } from '#client'
import { defined } from '#core'
import type { Output } from '../output.ts'
import { visible } from '../text.ts'

export function keyRecord(key: KeyInfo): Record<string, unknown> {
  const { name, version, state, suite, origin, createdAt, fingerprint, pem, companion, protection, times, policy, actions, reason, quarantine } = key
  return {
    name,
    version,
    state,
    suite,
    origin,
    createdAt: createdAt.toISOString(),
    times: Object.fromEntries(Object.entries(times).map(([at, time]) => [at, time.toISOString()])),
    ...defined({
      notBefore: key.notBefore?.toISOString(),
      notAfter: key.notAfter?.toISOString(),
      destroyAt: key.destroyAt?.toISOString(),
      reason,
      quarantine,
    }),
    policy,
    actions,
    fingerprint: `sha256:${fingerprint}`,
    pem,
    ...(companion === undefined ? {} : { companion: { suite: companion.suite, fingerprint: `sha256:${companion.fingerprint}`, pem: companion.pem } }),
    protection,
  }
}

/** The result of a change: the record for programs, one sentence and what follows from it for people. */
export function printChange(output: Output, key: KeyInfo, done: string, next?: string): void {
  if (output.json) {
    output.record(keyRecord(key))
    return
  }
  output.line(`${output.good(done)}  key ${visible(key.name)} version ${key.version} (${key.suite}), now ${stateText(key)}`)
  if (next !== undefined) output.note(next)
}

export function stateText({ state, quarantine, destroyAt }: KeyInfo): string {
  const more = [
    ...(quarantine === undefined ? [] : ['in quarantine']),
    ...(destroyAt === undefined || state === 'destroyed' ? [] : [`to be destroyed ${destroyAt.toISOString()}`]),
  ]
  return [state, ...more].join(', ')
}
