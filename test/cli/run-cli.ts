/** Runs the real command line as its users do, through the launcher, and keeps what it said. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** For tests that signal it or close its output. */
  readonly onStart?: (child: ChildProcess) => void
}

export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { promise, resolve: settle, reject } = Promise.withResolvers<CliResult>()
  const child = spawn(LAUNCHER, args, {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.on('error', reject)
  child.on('close', (code) => settle({ code, stdout, stderr }))
  options.onStart?.(child)
  return promise
}

/** A directory that is gone at the end of the block. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'sealstone-cli-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

const LAUNCHER = resolve(import.meta.dirname, '../../src/cli/sealstone')
