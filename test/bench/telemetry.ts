/**
 * What metrics and traces cost: daemons side by side, without either, with metrics, with traces of every call to a collector, and with one call in a
 * hundred traced; each in turn makes so many signings for eight clients. Compared by the daemon's processor time, which a busy machine disturbs least; the
 * key host is not in it, nor the collector, which is in this process. Usage: node test/bench/telemetry.ts [signings in a turn] [turns]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '#client'
import { usageOfOne } from '../../src/bench/process-usage.ts'
import { startCollector } from '../support/collector.ts'
import { signRequest } from '../support/live-signing.ts'
import { initHome, startDaemon } from '../support/sealstone.ts'
import { quantile } from './figures.ts'

const SIGNINGS = Number(process.argv[2] ?? 500)
const TURNS = Number(process.argv[3] ?? 5)
/** Until V8 has made the code fast that runs in every signing. */
const WARM_UP = 1000
const CLIENTS = 8

await using collector = await startCollector()
const METRICS = ['metrics', 'listen = "127.0.0.1:0"'] as const
const TRACES = ['traces', `endpoint = "${collector.endpoint}"`] as const
await using stack = new AsyncDisposableStack()
const kinds = [
  await measured('neither'),
  await measured('metrics', METRICS),
  await measured('traces of every call', TRACES),
  await measured('traces of one call in a hundred', ['traces', `${TRACES[1]}\nsample_ratio = 0.01`]),
  await measured('metrics and traces of every call', METRICS, TRACES),
]

let spans = 0
for (const { run } of kinds) await run(WARM_UP)
for (let turn = 0; turn < TURNS; turn++) {
  for (const kind of turn % 2 === 0 ? kinds : kinds.toReversed()) kind.times.push(await kind.run(SIGNINGS))
}
const [without] = kinds
console.log(
  `| ${TURNS} turns of ${SIGNINGS} signings each | processor time of the daemon a signing, median (least) | as a part of neither |\n|---|---|---|`,
)
for (const { name, times } of kinds) {
  const part = quantile(times, 0.5) / quantile(without?.times ?? [], 0.5)
  console.log(`| ${name} | ${quantile(times, 0.5).toFixed(2)} ms (${Math.min(...times).toFixed(2)}) | ${part.toFixed(2)} |`)
}
console.log(`\n${spans + collector.spans.length} spans came`)

interface Measured {
  readonly name: string
  /** Milliseconds a signing, of each turn. */
  readonly times: number[]
  run(signings: number): Promise<number>
}

async function measured(name: string, ...sections: readonly (readonly [string, string])[]): Promise<Measured> {
  const home = stack.use(await initHome())
  const path = join(home.home, 'config.toml')
  const config = sections.reduce(
    (text, [section, lines]) => text.replace(`\n[${section}]\n`, `\n[${section}]\n${lines}\n`),
    readFileSync(path, 'utf8'),
  )
  writeFileSync(path, config)
  const daemon = stack.use(await startDaemon(home.home))
  const client = connect({ address: `unix:${daemon.socket}`, timeoutMs: 60_000 })
  stack.defer(() => client.close())
  const run = async (signings: number): Promise<number> => {
    spans += collector.spans.length
    collector.clear()
    const before = cpuMs(daemon.pid)
    let left = signings
    const loop = async (): Promise<void> => {
      while (left-- > 0) await client.sign(signRequest())
    }
    await Promise.all(Array.from({ length: CLIENTS }, loop))
    return (cpuMs(daemon.pid) - before) / signings
  }
  return { name, times: [], run }
}

function cpuMs(pid: number): number {
  const usage = usageOfOne(pid)
  if (usage === undefined) throw new Error('processor time is not known here: there is no /proc')
  return usage.cpuSeconds * 1000
}
