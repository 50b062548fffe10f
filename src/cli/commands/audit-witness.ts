/** sealstone audit witness */
import { join, resolve } from 'node:path'
import { SealstoneError, systemClock } from '#core'
import { createLogger } from '#daemon'
import { makeDirectories } from '#files'
import { checkWitnessName, initWitness, runWitness } from '#witness'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { visible } from '../text.ts'

type WitnessOptions = { name?: string; directory?: string }

export async function run(context: CommandContext, operands: readonly string[], options: WitnessOptions): Promise<ExitStatus> {
  const directory = resolve(options.directory ?? join(context.home, 'witness'))
  const [step] = operands
  if (step === 'init') return init(context, directory, options.name)
  if (step !== undefined) throw new SealstoneError('USAGE', `the step is ${visible(step)}, want init or nothing`)
  if (options.name !== undefined) throw new SealstoneError('USAGE', '--name is for init: later the name is in witness.toml')
  return serve(directory)
}

async function init({ output }: CommandContext, directory: string, name: string | undefined): Promise<ExitStatus> {
  if (name === undefined)
    throw new SealstoneError('USAGE', 'init wants --name', { hint: 'name it like a URL without scheme: --name witness.example/w1' })
  checkWitnessName(name)
  await makeDirectories(directory, 0o700).catch((cause: NodeJS.ErrnoException) => {
    throw new SealstoneError('INPUT_INVALID', `the directory ${visible(directory)} cannot be made (${cause.code})`, {
      cause,
      hint: 'name another one with --directory',
    })
  })
  const { vkeys } = initWitness(directory, name)
  if (output.json) output.record({ directory, name, keys: vkeys })
  else for (const vkey of vkeys) output.line(vkey)
  output.note(`made ${visible(directory)}; list the logs in its witness.toml, then run: sealstone audit witness`)
  return EXIT.ok
}

/** Until SIGINT or SIGTERM; its log goes to standard error, one JSON object a line. */
async function serve(directory: string): Promise<ExitStatus> {
  const stopped = new Promise<NodeJS.Signals>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done(signal))
  })
  const logger = createLogger('info')
  await using witness = await runWitness({ directory, clock: systemClock, logger })
  logger.info({ url: witness.url, keys: witness.vkeys, logs: witness.logs }, 'ready')
  logger.info({ signal: await stopped }, 'stopping')
  return EXIT.ok
}
