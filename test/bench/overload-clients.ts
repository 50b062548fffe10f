/** Clients in a process of their own, told by their parent: each asks for a signature, and comes again when it was told to if it is refused. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '#client'
import { toSealstoneError } from '#core'
import { signRequest } from '../support/live-signing.ts'

export interface ToClients {
  readonly home: string
  readonly clients: number
  readonly seconds: number
}

export interface Served {
  /** Milliseconds each. */
  readonly accepted: readonly number[]
  readonly refused: readonly number[]
  readonly others: Readonly<Record<string, number>>
  /** How late this process came to what was due, p99 in milliseconds: it is in every time above. */
  readonly lateMs: number
}

process.once('message', async ({ home, clients: count, seconds }: ToClients) => {
  // gRPC shares one connection among channels with one address, and a connection takes 64 calls; so each gets a name of its own for the socket.
  const connections = Array.from({ length: Math.ceil(count / CALLS_EACH) }, (_, number) =>
    connect({ address: `unix:${home}/${'/'.repeat(number)}sealstone.sock`, attempts: 1, timeoutMs: 30_000 }),
  )
  const accepted: number[] = []
  const refused: number[] = []
  const others: Record<string, number> = {}
  const late = monitorEventLoopDelay({ resolution: LOOK_MS })
  const one = async (number: number): Promise<void> => {
    const begun = performance.now()
    try {
      await connections[number % connections.length]?.sign(signRequest())
      accepted.push(performance.now() - begun)
    } catch (thrown) {
      const { code, details } = toSealstoneError(thrown)
      if (code === 'OVERLOADED') refused.push(performance.now() - begun)
      else others[code] = (others[code] ?? 0) + 1
      await sleep(Number(details['retryDelayMs'] ?? 500) * (0.75 + Math.random() / 2))
    }
  }
  const end = performance.now() + seconds * 1000
  late.enable()
  await Promise.all(
    Array.from({ length: count }, async (_, number) => {
      await sleep(Math.random() * 1000) // a rate and not a stampede: they do not all begin in the same millisecond
      while (performance.now() < end) await one(number)
    }),
  )
  late.disable()
  await Promise.all(connections.map((client) => client.close()))
  const lateMs = Math.max(0, late.percentile(99) / 1e6 - LOOK_MS)
  // A message of megabytes is not written at once.
  process.send?.({ accepted, refused, others, lateMs } satisfies Served, () => process.disconnect?.())
})

const CALLS_EACH = 48
const LOOK_MS = 1
