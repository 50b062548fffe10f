/**
 * From the end of a fault to the next good signature, at the key host: one request after the other, ten milliseconds apart. A fault that
 * strikes once ends as it strikes. A hang ends when the watchdog has ended the process: its patience is taken off.
 */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Stand } from '../keyhost/fault-stand.ts'
import { limitMemory, noMoreFiles } from '../support/process-limits.ts'

const ROUNDS = 10
const WATCHDOG_MS = 400

await using stand = await Stand.open(WATCHDOG_MS)
const { token } = stand
const store = join(token.folder, 'token')

interface Row {
  readonly fault: string
  /** Brings the fault about. */
  readonly strike: () => void
  /** Ends it, where it does not end by itself; requests are made meanwhile. */
  readonly lasts?: { readonly ms: number; readonly end: () => void }
  /** Not counted. */
  readonly patienceMs?: number
  readonly rounds?: number
}

const answer = (fn: string, value: number) => () => token.inject({ fn, action: { return: value } })
const always = (value: number, ms: number): Pick<Row, 'strike' | 'lasts'> => ({
  strike: () => token.inject({ fn: 'C_Sign', action: { return: value }, times: 'always' }),
  lasts: { ms, end: () => token.clear() },
})
const away = (ms: number): Pick<Row, 'strike' | 'lasts'> => ({
  strike: () => renameSync(store, `${store}.away`),
  lasts: { ms, end: () => renameSync(`${store}.away`, store) },
})

const ROWS: readonly Row[] = [
  { fault: 'none', strike: () => {} },
  { fault: 'a lost session (`CKR_SESSION_HANDLE_INVALID`)', strike: answer('C_SignInit', 0xb3) },
  { fault: 'a lost login (`CKR_USER_NOT_LOGGED_IN`)', strike: answer('C_SignInit', 0x101) },
  { fault: 'a refused call (`CKR_KEY_FUNCTION_NOT_PERMITTED`)', strike: answer('C_SignInit', 0x68) },
  { fault: 'a lost device (`CKR_DEVICE_ERROR`)', strike: answer('C_Sign', 0x30) },
  { fault: 'the module crashes (SIGSEGV)', strike: () => token.inject({ fn: 'C_Sign', action: { crash: 'SIGSEGV' } }) },
  { fault: 'the process is killed (SIGKILL)', strike: () => stand.signal('SIGKILL') },
  { fault: 'the module hangs', strike: () => token.inject({ fn: 'C_Sign', action: 'hang' }), patienceMs: WATCHDOG_MS },
  { fault: 'the process is stopped (SIGSTOP)', strike: () => stand.signal('SIGSTOP'), patienceMs: WATCHDOG_MS },
  { fault: 'no file descriptors left', strike: () => stand.children.forEach(noMoreFiles) },
  { fault: 'no memory left (the kernel refuses it)', strike: noMoreMemory },
  { fault: 'every call fails for 1 s (`CKR_DEVICE_ERROR`)', ...always(0x30, 1000), rounds: 5 },
  { fault: 'every call fails for 6 s', ...always(0x30, 6000), rounds: 3 },
  { fault: 'the store is away for 1 s', ...away(1000), rounds: 5 },
  { fault: 'the store is away for 6 s', ...away(6000), rounds: 3 },
]

console.log('| fault | times | median ms | longest ms |\n|---|---|---|---|')
for (const row of ROWS) {
  const times: number[] = []
  for (let round = 0; round < (row.rounds ?? ROUNDS); round++) times.push(await measure(row))
  times.sort((a, b) => a - b)
  console.log(`| ${row.fault} | ${times.length} | ${times[Math.floor(times.length / 2)]?.toFixed(0)} | ${times.at(-1)?.toFixed(0)} |`)
}

/** A large message, so that the process has to ask for memory; the next request may find it dying. */
function noMoreMemory(): void {
  for (const pid of stand.children) limitMemory(pid)
  for (let request = 0; request < 8; request++) void stand.signLarge()
}

async function measure({ strike, lasts, patienceMs = 0 }: Row): Promise<number> {
  strike()
  if (lasts !== undefined) {
    for (const end = performance.now() + lasts.ms; performance.now() < end; await sleep(10)) await stand.sign()
    lasts.end()
  }
  const started = performance.now()
  while ((await stand.sign()) !== 'signed') await sleep(10)
  const elapsed = performance.now() - started - patienceMs
  token.clear()
  // A while without a fault, so that the next one is the first in a row again.
  for (let calm = 0; calm < 20; calm++) await stand.sign()
  return elapsed
}
