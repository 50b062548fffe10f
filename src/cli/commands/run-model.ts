/** sealstone run: verifies models, guards them, and runs a command on them. Standard output is the command's from its first byte on. */
import { join } from 'node:path'
import { defined, SealstoneError } from '#core'
import {
  type Change,
  environmentFor,
  fillIn,
  keepWatch,
  type Guard,
  type ModelDecision,
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
import { type LogOptions, recordDecisions } from './run-decisions.ts'
import { type VerifyOptions, verifyOptions } from './verify-options.ts'

type RunOptions = VerifyOptions & LogOptions & { model: string[]; guard?: Guard; guardDir?: string; copyLimit?: number; progress?: ProgressForm }
/** `name`: its path, as the caller gave it. */
type Ready = PreparedModel & { readonly root: string; readonly name: string }

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

async function prepareAndRun(context: CommandContext, operands: readonly string[], options: RunOptions, signals: ReceivedSignals): Promise<number> {
  refuseUnclear(operands, options)
  const { output, home } = context
  await using prepared = new AsyncDisposableStack()
  const models: Ready[] = []
  for (const path of options.model) {
    const model = prepared.use(await prepare(path, context, options, signals.signal))
    if (!model.verdict.ok) {
      printVerdict(output, path, model.verdict)
      await block(context, options, { model: path, root: model.root, reason: 'it does not verify' })
      return EXIT.failed
    }
    models.push({ ...model, name: path } as Ready)
    announce(output, path, model)
  }
  const [command = '', ...args] = operands.map((operand) => fillIn(operand, models))
  const allowed = models.map(({ name, root, guard }) => ({
    model: name,
    root,
    decision: 'allowed' as const,
    reason: `guard ${guard}, for ${command}`,
  }))
  await recordDecisions(output, home, options, allowed)
  const isChanged = () => findChanged(context, options, models)
  if (await isChanged()) return EXIT.failed // the first one was verified long ago, if the others are large
  signals.signal.throwIfAborted()
  const started = await startCommand(command, args, environmentFor(models, process.env))
  signals.passTo(started)
  let stopped: Promise<void> | undefined
  const watch = keepWatch(async () => {
    if (!(await isChanged())) return false
    stopped = started.stop() // what runs on other bytes than the verified ones must not go on
    return true
  })
  const status = await started.ended
  const changed = await watch.end()
  await stopped
  return changed ? EXIT.failed : status
}

/** Before anything large is read. */
function refuseUnclear(operands: readonly string[], { model, signature, hybridSignature }: RunOptions): void {
  for (const operand of operands)
    fillIn(
      operand,
      model.map((path) => ({ path, root: '' })),
    )
  if (model.length === 1 || (signature ?? hybridSignature) === undefined) return
  const hint = 'put the signatures of several models beside them'
  throw new SealstoneError('USAGE', '--signature and --hybrid-signature are for one model', { hint })
}

async function prepare(path: string, context: CommandContext, options: RunOptions, signal: AbortSignal): Promise<PreparedModel> {
  const { output, home } = context
  using progress = trackProgress(output, 'hashing', options.progress)
  try {
    return await prepareModel({
      path,
      ...verifyOptions(home, options),
      guardFolder: options.guardDir ?? join(home, 'run'),
      ...defined({ guard: options.guard, copyLimitBytes: options.copyLimit }),
      signal,
      onProgress: progress.report,
    })
  } catch (error) {
    progress.stop()
    if (error instanceof SealstoneError) await block(context, options, { model: path, reason: error.message })
    throw error
  }
}

/** That nothing was started is no reason to fail in another way. */
async function block({ output, home }: CommandContext, options: RunOptions, decision: Omit<ModelDecision, 'decision'>): Promise<void> {
  await recordDecisions(output, home, { ...options, requireLog: false }, [{ ...decision, decision: 'blocked' }])
}

function announce(output: Output, model: string, { path, root, guard, notes, verdict }: PreparedModel): void {
  if (output.json) output.rawError(`${jsonText({ event: 'model-verified', model, path, root, guard, notes, ...verdict })}\n`)
  else output.note(`verified  ${visible(model)}  ${root}  signed by ${visible(signerOf(verdict))}  guard: ${guard}`)
  for (const warning of verdict.warnings) output.warn(visible(warning))
  if (!output.json) for (const note of notes) output.note(`  ${visible(note)}`)
}

function signerOf({ signer }: PreparedModel['verdict']): string {
  return signer?.keyName ?? signer?.certificateSubject ?? `key sha256:${signer?.fingerprint}`
}

/** Whether a model is not any more what was verified; each change is told once. */
async function findChanged(context: CommandContext, options: RunOptions, models: readonly Ready[]): Promise<boolean> {
  let found = false
  for (const model of models) {
    const changes = await model.findChanges()
    for (const change of changes) tell(context.output, model.name, change)
    const [harm] = changes.filter(({ harmless }) => !harmless)
    if (harm === undefined) continue
    found = true
    await block(context, options, { model: model.name, root: model.root, reason: `${harm.name} changed after it was verified: ${harm.what}` })
  }
  return found
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
