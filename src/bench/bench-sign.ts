/** Measures signing: a daemon of its own on a new SoftHSM token, more and more clients, and in the same run what the bare primitives cost. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defined, SealstoneError } from '#core'
import { homeToken, initHome } from '#daemon'
import { defaultChildren } from '#keyhost'
import { DEFAULT_SUITE, findSuite, type SuiteId } from '#suites'
import { meanLimit, openLimitMeter, type SigningLimit } from './limit.ts'
import { type LoadResult, runLoad } from './load.ts'
import { usageOf } from './process-usage.ts'
import { quantiles } from './statistics.ts'

export interface BenchOptions {
  readonly clients: readonly number[]
  /** Requests in one SignBatch; 0: none is measured. */
  readonly batch: number
  readonly seconds: number
  readonly suite?: string
  /** Processes of the key host; default what a new home has. */
  readonly children?: number
  /** How the program is started, to start a daemon: the executable and its first arguments. */
  readonly program: readonly [string, ...string[]]
  readonly signal: AbortSignal
  /** Told before each step. */
  readonly onStep?: (what: string) => void
}

export interface BenchRow {
  /** Calls at the same time. */
  readonly clients: number
  /** Signings in one call. */
  readonly batch: number
  /** Processes of the key host. */
  readonly children: number
  readonly rate_per_s: number
  readonly p50_ms: number
  readonly p90_ms: number
  readonly p99_ms: number
  readonly p999_ms: number
  /** Cores in use by the daemon with its key host; null where that is not known. */
  readonly cpu: number | null
  /** Resident memory of both at its highest so far, MiB. */
  readonly rss_mib: number | null
  readonly refused: number
  readonly errors: Readonly<Record<string, number>>
  /** Of the bare primitives on one core, measured just before and after. */
  readonly limit_per_s: number
  readonly ratio: number
  /** One signing by itself, bare, likewise. */
  readonly serial_ms: number
}

export interface BenchReport {
  readonly suite: SuiteId
  readonly limit: SigningLimit
  readonly rows: readonly BenchRow[]
}

/** Throws what setting up throws; nothing is left behind. */
export async function benchSign(options: BenchOptions): Promise<BenchReport> {
  const suite = findSuite(options.suite ?? DEFAULT_SUITE).id
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-bench-'))
  const home = join(folder, 'home')
  let daemon: ChildProcess | undefined
  try {
    options.onStep?.('setting up a token and a daemon')
    await initHome({ home, suite, ...defined({ keyHostChildren: options.children }) })
    await using meter = await openLimitMeter(homeToken(home), suite, folder)
    daemon = await startDaemon(options.program, home)
    options.onStep?.('warming up')
    await runLoad({
      address: addressOf(home),
      clients: WARM_UP_CLIENTS,
      seconds: options.seconds / 2,
      batch: 1,
      key: 'default',
      signal: options.signal,
    })
    const children = options.children ?? defaultChildren()
    const rows: BenchRow[] = []
    options.onStep?.('the primitives')
    const limits: [SigningLimit, ...SigningLimit[]] = [await meter.measure()]
    const runs = [
      ...options.clients.map((clients) => ({ clients, batch: 1 })),
      ...(options.batch > 1 ? [{ clients: BATCH_CLIENTS, batch: options.batch }] : []),
    ]
    for (const run of runs) {
      options.signal.throwIfAborted()
      options.onStep?.(run.batch === 1 ? `${run.clients} clients` : `${run.clients} clients, ${run.batch} signings in a call`)
      const load = await measureRun(options, run, daemon, home)
      options.onStep?.('the primitives again')
      const before = limits.at(-1) ?? limits[0]
      const after = await meter.measure()
      limits.push(after)
      rows.push({ ...run, children, ...load, ...compared(load.rate_per_s, meanLimit([before, after])) })
    }
    return { suite, limit: meanLimit(limits), rows }
  } finally {
    await stopDaemon(daemon)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureRun(
  { seconds, signal }: BenchOptions,
  { clients, batch }: { readonly clients: number; readonly batch: number },
  { pid = 0 }: ChildProcess,
  home: string,
) {
  const before = usageOf(pid)
  const started = performance.now()
  const load = await runLoad({ address: addressOf(home), clients, seconds, batch, key: 'default', signal })
  const after = usageOf(pid)
  const elapsed = (performance.now() - started) / 1000
  const cpu = before === undefined || after === undefined ? null : (after.cpuSeconds - before.cpuSeconds) / elapsed
  return { ...summary(load), cpu, rss_mib: after?.peakMiB ?? null }
}

function summary({ latencies, refusals, signatures, seconds, errors }: LoadResult) {
  const { p50, p90, p99, p999 } = quantiles(latencies)
  return { rate_per_s: signatures / seconds, p50_ms: p50, p90_ms: p90, p99_ms: p99, p999_ms: p999, refused: refusals.length, errors }
}

function compared(rate: number, { perSecond, serialMs }: SigningLimit) {
  return { limit_per_s: perSecond, ratio: rate / perSecond, serial_ms: serialMs }
}

function addressOf(home: string): string {
  return `unix:${join(home, 'sealstone.sock')}`
}

async function startDaemon([program, ...args]: BenchOptions['program'], home: string): Promise<ChildProcess> {
  const child = spawn(program, [...args, 'serve', '--log-level', 'error'], {
    env: { ...process.env, SEALSTONE_HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-2000)
  })
  const { connect } = await import('#client')
  const client = connect({ address: addressOf(home), attempts: 1, timeoutMs: 1000 })
  try {
    for (const end = performance.now() + START_MS; performance.now() < end && child.exitCode === null; ) {
      if ((await client.health().catch(() => undefined)) === 'serving') return child
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } finally {
    await client.close()
  }
  await stopDaemon(child)
  throw new SealstoneError('DAEMON_UNAVAILABLE', `the daemon for the benchmark did not start: ${said.trim()}`)
}

async function stopDaemon(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}

/** Two calls at a time, so that one is prepared while the other is signed. */
const BATCH_CLIENTS = 2
/** The daemon of a registry has signed before. */
const WARM_UP_CLIENTS = 16
const START_MS = 30_000
