/** sealstone run: verifies models, guards them, and runs a command on them. Standard output is the command's from its first byte on. */
import { join } from 'node:path'
import { SealstoneError } from '#core'
import {
  type Change,
  environmentFor,
  fillIn,
  type Guard,
  type PreparedModel,
  prepareModel,
  type ReceivedSignals,
  receiveSignals,
  startCommand,
} from '#launch'
import { type CommandContext, EXIT } from '../command.ts'
import { printErrorLines } from '../failure.ts'
import type { Output } from '../output.ts'
import { type ProgressForm, trackProgress } from '../progress.ts'
import { jsonText, visible } from '../text.ts'
import { printVerdict } from './verdict.ts'
import { type VerifyOptions, verifyOptions } from './verify-options.ts'

type RunOptions = VerifyOptions & { model: string[]; guard?: Guard; guardDir?: string; copyLimit?: number; progress?: ProgressForm }
type Ready = PreparedModel & { readonly root: string }

/** The exit status is the command's, or 1, 2 or 3 with an `error:` line where it was not started or its model changed. */
export async function run(context: CommandContext, operands: readonly string[], options: RunOptions): Promise<number> {
  using signals = receiveSignals()
  try {
    return await prepareAndRun(context, operands, options, signals)
  } catch (thrown) {
    if (signals.exitCode !== undefined) return signals.exitCode // what was thrown is the answer to the signal
    throw thrown
  }
}

async function prepareAndRun(
  { output, home }: CommandContext,
  operands: readonly string[],
  options: RunOptions,
  signals: ReceivedSignals,
): Promise<number> {
  if (options.model.length > 1 && (options.signature ?? options.hybridSignature) !== undefined) {
    throw new SealstoneError('USAGE', '--signature and --hybrid-signature are for one model', {
      hint: 'put the signatures of several models beside them',
    })
  }
  await using prepared = new AsyncDisposableStack()
  const models: Ready[] = []
  for (const path of options.model) {
    const model = prepared.use(await prepare(path, output, home, options, signals.signal))
    if (!model.verdict.ok) {
      printVerdict(output, path, model.verdict)
      return EXIT.failed
    }
    models.push(model as Ready)
    announce(output, path, model)
  }
  const [command = '', ...args] = operands.map((operand) => fillIn(operand, models))
  // The first model was verified before the others were read.
  if (await changed(output, options.model, models)) return EXIT.failed
  signals.signal.throwIfAborted()
  const started = await startCommand(command, args, environmentFor(models, process.env))
  signals.passTo(started)
  const watch = new Watch(async () => {
    if (!(await changed(output, options.model, models))) return false
    started.kill('SIGTERM') // what runs on other bytes than the verified ones must not go on
    setTimeout(() => started.kill('SIGKILL'), STOP_WITHIN_MS).unref()
    return true
  })
  const status = await started.ended
  return (await watch.end()) ? EXIT.failed : status
}

async function prepare(path: string, output: Output, home: string, options: RunOptions, signal: AbortSignal): Promise<PreparedModel> {
  using progress = trackProgress(output, 'hashing', options.progress)
  return await prepareModel({
    path,
    ...verifyOptions(home, options),
    guardFolder: options.guardDir ?? join(home, 'run'),
    ...(options.guard === undefined ? {} : { guard: options.guard }),
    ...(options.copyLimit === undefined ? {} : { copyLimitBytes: options.copyLimit }),
    signal,
    onProgress: progress.report,
  })
}

function announce(output: Output, model: string, { path, root, guard, notes, verdict }: PreparedModel): void {
  if (output.json) output.rawError(`${jsonText({ event: 'model-verified', model, path, root, guard, notes, ...verdict })}\n`)
  else output.note(`verified  ${visible(model)}  ${root}  signed by ${visible(signerOf(verdict))}  guard: ${guard}`)
  for (const note of [...verdict.warnings, ...notes]) output.warn(visible(note))
}

function signerOf({ signer }: PreparedModel['verdict']): string {
  return signer?.keyName ?? signer?.certificateSubject ?? `key sha256:${signer?.fingerprint}`
}

/** Whether a model is not any more what was verified; each change is told once. */
async function changed(output: Output, names: readonly string[], models: readonly Ready[]): Promise<boolean> {
  let harm = false
  for (const [index, model] of models.entries()) {
    for (const change of await model.findChanges()) {
      tell(output, names[index] ?? '', change)
      harm ||= !change.harmless
    }
  }
  return harm
}

function tell(output: Output, model: string, { name, what, harmless }: Change): void {
  if (output.json) output.rawError(`${jsonText({ event: 'model-changed', model, name, what, harmless })}\n`)
  if (harmless) output.warn(`${visible(name)} of ${visible(model)} was replaced or removed meanwhile; the bytes in use are the verified ones`)
  else
    printErrorLines(
      output,
      `${name} of ${model} changed after it was verified: ${what}`,
      'do not use what the command made; find out who writes to the model',
    )
}

/** Asks again and again, never twice at a time, until it is told to end or the answer is yes; then asks once more. */
class Watch {
  #found = false
  #ended = false
  #asking: Promise<void> = Promise.resolve()
  readonly #timer: NodeJS.Timeout
  readonly #ask: () => Promise<boolean>

  constructor(ask: () => Promise<boolean>) {
    this.#ask = ask
    let busy = false
    this.#timer = setInterval(() => {
      if (busy || this.#found || this.#ended) return
      busy = true
      this.#asking = this.#look().finally(() => {
        busy = false
      })
    }, LOOK_EVERY_MS)
  }

  async end(): Promise<boolean> {
    this.#ended = true
    clearInterval(this.#timer)
    await this.#asking
    if (!this.#found) await this.#look()
    return this.#found
  }

  async #look(): Promise<void> {
    if (await this.#ask()) this.#found = true
  }
}

const LOOK_EVERY_MS = 1000
const STOP_WITHIN_MS = 10_000
