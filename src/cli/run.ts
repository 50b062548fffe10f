/** From arguments to exit code: finds the command, gives it what it needs, prints what stopped it. */
import { CommanderError } from 'commander'
import { SealstoneError } from '#core'
import { type CommandContext, type CommandDeclaration, EXIT } from './command.ts'
import { reportFailure, usageError } from './failure.ts'
import { resolveHome } from './home.ts'
import { interruptible } from './interrupt.ts'
import { createOutput, type Output } from './output.ts'
import { createProgram } from './program.ts'

/** @param args without the program's own name. Never throws. */
export async function run(args: readonly string[]): Promise<number> {
  const output = createOutput({ json: wantsJson(args) })
  let status: number = EXIT.ok
  const program = createProgram(output, async (declaration, operands, options) => {
    status = await execute(output, declaration, operands, options)
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return status
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      return thrown.exitCode === 0 ? EXIT.ok : reportFailure(output, usageError(thrown))
    }
    return reportFailure(output, thrown)
  }
}

async function execute(output: Output, declaration: CommandDeclaration, operands: readonly string[], options: Options): Promise<number> {
  if ([...(declaration.foreignOperands ? [] : operands), ...Object.values(options)].includes('')) {
    throw new SealstoneError('USAGE', 'an argument is empty', { hint: 'a variable of the shell may be unset; write . for the current directory' })
  }
  using interrupt = interruptible(declaration.ownSignals === true, output)
  const context: CommandContext = { output, home: resolveHome(options['home']), signal: interrupt.signal }
  try {
    const command = await declaration.load()
    const status = await command.run(context, operands, options)
    return interrupt.exitCode ?? status
  } catch (thrown) {
    if (interrupt.exitCode !== undefined) return interrupt.exitCode // what was thrown is the answer to the interruption
    throw thrown
  }
}

/** Errors of the parser itself must know the form too, so `--json` is looked for before parsing. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).includes('--json')
}

type Options = Parameters<Awaited<ReturnType<CommandDeclaration['load']>>['run']>[2]
