/** The leaves of a start: what became of the daemon before, whether the clock went back, what changed in the configuration, and the start itself. */
import { type Clock, newOperationId, parseIdentity } from '#core'
import type { NewLeaf } from '#tlog'
import type { Runtime } from './runtime.ts'

export type StartDigests = Required<Pick<NewLeaf, 'configDigest' | 'policyDigest'>>

/** In this order: after a crash in between, the next start tells all of it again. Throws AUDIT_UNAVAILABLE. */
export async function writeStartLeaves(runtime: Runtime, { configDigest, policyDigest }: StartDigests, clock: Clock): Promise<void> {
  const { audit, lastRun, timeline, recovered } = runtime
  const write = (leaf: Pick<NewLeaf, 'kind'> & Partial<NewLeaf>) =>
    audit.append({ operationId: newOperationId(), caller: LOCAL, operation: 'serve', ...leaf })

  const { crash, configDigest: previousConfigDigest } = lastRun
  if (crash !== undefined) {
    const { startedAt, lastEntry, lastTime } = crash
    const reason = `the daemon of entry ${startedAt} did not stop by itself; its last entry is ${lastEntry}, of ${lastTime}; ${recovered} intents were open`
    await write({ kind: 'crash-found', reason })
  }
  const { behindMs } = timeline
  if (behindMs >= BEHIND_MS) {
    const reason = `at the start the clock shows ${clock.now().toISOString()}, which is before the last entry`
    await write({ kind: 'clock-step', clockStepMs: -behindMs, reason })
  }
  if (previousConfigDigest !== undefined && previousConfigDigest !== configDigest)
    await write({ kind: 'config-changed', configDigest, previousConfigDigest })
  await write({ kind: 'daemon-start', configDigest, policyDigest, result: 'ok', reason: `${recovered} open intents closed` })
}

const LOCAL = parseIdentity('local')
const BEHIND_MS = 1000
