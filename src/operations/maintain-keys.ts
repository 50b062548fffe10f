/** What is due by the clock: versions that begin, end, are to be followed by a new one, or are to be destroyed. Run every now and then. */
import { toSealstoneError } from '#core'
import type { KeyRecord } from '#keys'
import type { OperationContext } from './context.ts'
import type { Destructions } from './destructions.ts'
import { retirePrevious, rotate } from './make-keys.ts'
import { CALLER, eventOf, recorded } from './recorded.ts'

/** One thing that is due. What fails is in the log, does not keep the rest from happening, and is tried again the next time. */
interface Due {
  readonly what: string
  readonly run: () => Promise<unknown>
}

/** How many things were done. Never throws. */
export async function maintainKeys(context: OperationContext, destructions: Destructions): Promise<number> {
  let done = 0
  for (const { what, run } of findDue(context, destructions)) {
    try {
      await run()
      done += 1
      context.logger.info({ what }, 'key maintenance')
    } catch (error) {
      context.logger.error({ what, error: toSealstoneError(error).message }, 'key maintenance failed and is tried again')
    }
  }
  return done
}

function findDue(context: OperationContext, destructions: Destructions): Due[] {
  const now = context.clock.now()
  const due: Due[] = []
  for (const record of context.keys.list()) {
    const name = `${record.name} version ${record.version}`
    if (record.state === 'pre-active' && record.notBefore !== undefined && record.notBefore <= now)
      due.push({ what: `${name} begins`, run: () => begin(context, record) })
    if (record.state === 'active' && record.notAfter !== undefined && record.notAfter <= now)
      due.push({ what: `${name} ends`, run: () => change(context, record, 'retire', 'its time is over') })
    if (destructions.isDue(record) && context.keys.policy(record.name).deletionAllowed)
      due.push({ what: `${name} is destroyed`, run: () => destroy(context, record) })
    if (isOld(context, record, now)) due.push({ what: `${name} is rotated`, run: () => rotateByAge(context, record) })
  }
  return due
}

/** The newest version of a key whose policy gives versions a time. */
function isOld({ keys }: OperationContext, record: KeyRecord, now: Date): boolean {
  const { rotationDays } = keys.policy(record.name)
  if (rotationDays === undefined || record.state !== 'active' || record.times.active === undefined) return false
  if (keys.get(record.name).version !== record.version) return false
  return now.getTime() >= Date.parse(record.times.active) + rotationDays * DAY_MS
}

async function begin(context: OperationContext, record: KeyRecord): Promise<void> {
  await change(context, record, 'enable', 'its time has come')
  const previous = context.keys.versions(record.name).find(({ version, state }) => version === record.version - 1 && state === 'active')
  if (previous !== undefined) await retirePrevious(context, { caller: CALLER }, previous, record)
}

async function rotateByAge(context: OperationContext, record: KeyRecord): Promise<void> {
  const by = { caller: CALLER, reason: 'its rotation period is over' }
  await rotate(context, by, { name: record.name, fromVersion: record.version, keepPrevious: false })
}

function change(context: OperationContext, record: KeyRecord, action: 'enable' | 'retire', reason: string): Promise<KeyRecord> {
  return recorded(context, { ...eventOf(CALLER, `keys.${action}`, record), reason }, () => context.keys.change(record, { action, reason }))
}

function destroy(context: OperationContext, record: KeyRecord): Promise<KeyRecord> {
  return recorded(context, { ...eventOf(CALLER, 'keys.destroyed', record), reason: 'its waiting time is over' }, () => context.keys.destroy(record))
}

const DAY_MS = 86_400_000
