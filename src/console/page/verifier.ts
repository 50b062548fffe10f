/** The thread that verifies: everything that is costly or must not be skipped happens here, and the visible page stays quick. */
import { SealstoneError, toSealstoneError } from '#core'
import { logSignatureVerifier } from '#suites'
import { portableEngine } from '#suites/portable'
import type { LogJudgement } from './judgement.ts'
import { LogCheck } from './log-check.ts'
import { browserMemory } from './memory.ts'
import { fetchBytes, ServerTiles } from './server-tiles.ts'
import { ChangedKeys, describeTrustFault, judgeTrust, pinServerKeys, pinTrustFile } from './trusted-keys.ts'
import type { News, VerifierAnswers, VerifierReply, VerifierRequest } from './verifier-protocol.ts'

const engine = portableEngine()
const memory = browserMemory()
const tiles = new ServerTiles()
let check: LogCheck | undefined
/** One checkpoint after the other. */
let following: Promise<unknown> = Promise.resolve()

async function start(): Promise<void> {
  try {
    const [trustFile, note] = await Promise.all([fetchBytes('/api/trust'), tiles.checkpoint()])
    await begin(trustFile, note)
  } catch (thrown) {
    tell({ news: 'log', log: { kind: 'refused', fault: 'unreachable', message: toSealstoneError(thrown).message, claimedSize: '0' } })
  }
}

async function begin(trustFile: Uint8Array, note: string): Promise<void> {
  try {
    const trust = await judgeTrust(trustFile, engine, memory)
    tell({ news: 'trust', trust })
    check = new LogCheck({
      tiles,
      memory,
      pinned: trust.pinned,
      demand: trust.demand,
      verifier: logSignatureVerifier(engine),
    })
  } catch (thrown) {
    const fault = thrown instanceof ChangedKeys ? 'keys-changed' : 'trust-file'
    const claimedSize = /^[^\n]*\n(\d{1,18})\n/.exec(note)?.[1] ?? '0'
    tell({ news: 'log', log: { kind: 'refused', fault, message: describeTrustFault(thrown), claimedSize } })
    return
  }
  // Both before anything is told: until then nothing is verified, and nothing is missing.
  const cosigned = check.demandsQuorum ? await tiles.cosigned().catch(() => undefined) : undefined
  await follow(note, cosigned)
}

function follow(newest: string | undefined, cosigned?: string): Promise<void> {
  const next = following.then(async () => {
    let log: LogJudgement | undefined = newest === undefined ? undefined : await check?.follow(newest)
    if (cosigned !== undefined && check?.demandsQuorum === true) log = (await check.witness(cosigned)) ?? log
    if (log !== undefined) tell({ news: 'log', log })
  })
  following = next.catch(() => {})
  return next
}

/** New checkpoints as they are made. The browser connects again by itself. */
function listen(): void {
  const events = new EventSource('/api/live')
  events.addEventListener('open', () => tell({ news: 'connection', isOpen: true }))
  events.addEventListener('error', () => {
    tell({ news: 'connection', isOpen: false })
    if (events.readyState === EventSource.CLOSED) tell({ news: 'signed-out' })
  })
  events.addEventListener('checkpoint', ({ data }: MessageEvent<string>) => {
    const note: unknown = JSON.parse(data)
    if (typeof note === 'string') void follow(note)
  })
  events.addEventListener('cosigned', ({ data }: MessageEvent<string>) => {
    const note: unknown = JSON.parse(data)
    if (typeof note === 'string') void follow(undefined, note)
  })
}

async function answer(request: VerifierRequest): Promise<VerifierAnswers[keyof VerifierAnswers]> {
  switch (request.kind) {
    case 'check':
      await started
      await following
      if (check === undefined) return request.call.entries.map(({ index }) => ({ index, state: 'unknown', reason: 'the log keys are not believed' }))
      return check.check(request.call.entries)
    case 'draw':
      await started
      if (check === undefined) throw new SealstoneError('VERIFICATION_FAILED', 'the log keys are not believed')
      return check.draw(request.call.index, request.call.bytes)
    case 'pin':
      if (request.call.file !== undefined) return pinTrustFile(request.call.file, engine, memory)
      return pinServerKeys(await fetchBytes('/api/trust'), engine, memory)
  }
}

function tell(message: News | VerifierReply): void {
  postMessage(message)
}

addEventListener('message', ({ data }: MessageEvent<VerifierRequest>) => {
  answer(data).then(
    (value) => tell({ id: data.id, value }),
    (thrown: unknown) => tell({ id: data.id, error: toSealstoneError(thrown).message }),
  )
})
/** Until it is known whom to believe, and the first checkpoint is judged. */
const started = start()
await started
listen()
