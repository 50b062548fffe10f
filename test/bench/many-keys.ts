/** A token with many keys: how long a start takes, and whether signing with one of them is slower than with the only one. Usage: node test/bench/many-keys.ts [keys] */
import { createHash, randomUUID } from 'node:crypto'
import { type Client, connect } from '#client'
import { initHome, startDaemon } from '../support/sealstone.ts'

const KEYS = Number(process.argv[2] ?? 1000)
const ROUNDS = 300

using home = await initHome()
const alone = await measure()
{
  await using daemon = await startDaemon(home.home)
  await using client = connect({ address: `unix:${daemon.socket}`, timeoutMs: 300_000 })
  const began = performance.now()
  for (let number = 1; number < KEYS; number++) await client.createKey({ name: `key-${number}` })
  console.log(`made ${KEYS} keys in ${((performance.now() - began) / 1000).toFixed(0)} s`)
}
const among = await measure(`key-${KEYS - 1}`)
console.log('| | one key | many keys |\n|---|---|---|')
console.log(`| keys | 1 | ${KEYS} |`)
console.log(`| start until it serves, s | ${alone.startSeconds.toFixed(2)} | ${among.startSeconds.toFixed(2)} |`)
console.log(`| sign p50, ms | ${alone.p50.toFixed(2)} | ${among.p50.toFixed(2)} (${(among.p50 / alone.p50).toFixed(2)}) |`)
console.log(`| first signature, ms | ${alone.first.toFixed(0)} | ${among.first.toFixed(0)} |`)

async function measure(key = 'default'): Promise<{ startSeconds: number; first: number; p50: number }> {
  const began = performance.now()
  await using daemon = await startDaemon(home.home)
  const startSeconds = (performance.now() - began) / 1000
  await using client = connect({ address: `unix:${daemon.socket}` })
  const first = await timed(client, key)
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) times.push(await timed(client, key))
  return { startSeconds, first, p50: times.toSorted((left, right) => left - right)[ROUNDS / 2] ?? Number.NaN }
}

async function timed(client: Client, key: string): Promise<number> {
  const id = randomUUID()
  const resources = [{ name: 'weights.safetensors', algorithm: 'sha256' as const, digest: createHash('sha256').update(id).digest(), size: 1 }]
  const serialization = { method: 'files', hashType: 'sha256', allowSymlinks: false, ignorePaths: [] } as const
  const began = performance.now()
  await client.sign({
    key,
    idempotencyKey: id,
    content: { kind: 'manifest', manifest: { modelName: 'bench', resources, serialization, totalBytes: 1 } },
  })
  return performance.now() - began
}
