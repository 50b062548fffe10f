/** A signed model with its trust file, for `sealstone run` and for what is behind it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SoftwareSigner, softwareSigner } from '../support/model-signer.ts'
import { tinyModel } from '../support/models.ts'
import { LAUNCHER, PROJECT, type RunResult, run } from '../support/sealstone.ts'

export const SIGNER: SoftwareSigner = softwareSigner()

export interface Stand extends Disposable {
  readonly folder: string
  readonly home: string
  readonly model: string
  /** `sealstone run ARGS…` */
  readonly run: (args: readonly string[], options?: Parameters<typeof run>[1]) => Promise<RunResult>
  /** The same, for tests that talk to it. */
  readonly start: (args: readonly string[]) => Talk
}

export interface Talk {
  readonly child: ChildProcess
  /** Resolves once standard output holds the text. */
  readonly said: (text: string) => Promise<string>
  readonly ended: Promise<RunResult>
}

/** @param parent where it lies; default the folder for temporary files */
export async function signedModel(parent = tmpdir()): Promise<Stand> {
  const folder = mkdtempSync(join(parent, 'sealstone-launch-'))
  const [home, model] = [join(folder, 'home'), join(folder, 'model')]
  mkdirSync(home, { mode: 0o700 })
  writeFileSync(join(home, 'trust.json'), SIGNER.trustBytes)
  tinyModel(model)
  await SIGNER.signInto(model)
  return {
    folder,
    home,
    model,
    run: (args, options) => run(['run', ...args], { home, ...options }),
    start: (args) => talk(['run', ...args], home),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function talk(args: readonly string[], home: string): Talk {
  const child = spawn(LAUNCHER, args, { cwd: PROJECT, env: { ...process.env, NO_COLOR: '1', SEALSTONE_HOME: home }, stdio: ['pipe', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    for (const listener of listeners) listener()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return {
    child,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(text)) resolve(stdout)
        }
        listeners.add(look)
        child.once('close', () => reject(new Error(`it ended without saying ${text}:\n${stdout}\n${stderr}`)))
        look()
      }),
    ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr }))),
  }
}

export const COPY = ['--guard', 'copy', '--copy-limit', '1000000']
export const DESCRIPTORS = ['--guard', 'descriptors']
