/**
 * Runs the static checks side by side, then tests, and ends with one line that counts both. Usage: run.ts check|test|interop|units
 * `interop` runs the tests against other people's tokens and log readers, `units` those of the systemd units; both no checks.
 */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { type Check, CHECKS, QUICK_TESTS } from './checks.ts'
import { type CheckResult, summarise, summaryLine, type TestReport } from './summary.ts'

const ROOT = join(import.meta.dirname, '../..')
const BIN = join(ROOT, 'node_modules/.bin')
const ENVIRONMENT = { ...process.env, PATH: `${BIN}:${process.env['PATH']}` }

/** Which tests, as arguments of vitest. */
const TESTS = {
  check: ['--config=test/vitest.config.ts', '--isolate=false', ...QUICK_TESTS],
  test: ['--config=test/vitest.config.ts'],
  interop: ['--config=test/interop/vitest.config.ts'],
  units: ['--config=test/units/vitest.config.ts'],
} as const

async function main(mode: string | undefined): Promise<void> {
  if (mode === undefined || !isMode(mode)) throw new Error('usage: run.ts check|test|interop|units')
  const started = performance.now()
  const checks = mode === 'check' || mode === 'test' ? await runAll(CHECKS) : []
  const report = await runTests(TESTS[mode])
  const summary = summarise(checks, report)
  for (const note of summary.notes) console.log(note)
  console.log(`took ${seconds(started)}`)
  console.log(summaryLine(summary))
  process.exitCode = summary.failed === 0 ? 0 : 1
}

function isMode(text: string): text is keyof typeof TESTS {
  return Object.hasOwn(TESTS, text)
}

async function runAll(checks: readonly Check[]): Promise<CheckResult[]> {
  const waiting = [...checks]
  const results: CheckResult[] = []
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) results.push(await runCheck(check))
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return results
}

function runCheck({ name, command: [program, ...args] }: Check): Promise<CheckResult> {
  const started = performance.now()
  const { promise, resolve } = Promise.withResolvers<CheckResult>()
  execFile(join(BIN, program), args, { cwd: ROOT, env: ENVIRONMENT, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
    console.log(`${error === null ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)} ${seconds(started)}  ${[program, ...args].join(' ')}`)
    if (error !== null) console.log(`${stdout}${stderr}`.trimEnd())
    resolve({ name, ok: error === null })
  })
  return promise
}

async function runTests(which: readonly string[]): Promise<TestReport | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-report-'))
  const output = join(folder, 'report.json')
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile=${output}`, ...which]
  const child = spawn(join(BIN, 'vitest'), args, { cwd: ROOT, env: ENVIRONMENT, stdio: 'inherit' })
  await new Promise((resolve) => child.once('close', resolve))
  try {
    const report = JSON.parse(readFileSync(output, 'utf8')) as TestReport
    const testResults = report.testResults.map((file) => ({ ...file, name: relative(ROOT, file.name) }))
    return { ...report, testResults, success: report.success && child.exitCode === 0 }
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`.padStart(6)
}

await main(process.argv[2])
