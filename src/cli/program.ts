/** Builds commander's tree from the declarations. No command's module is loaded here. */
import { Command, CommanderError, Option } from 'commander'
import type { CommandDeclaration, CommandGroup, Example, OptionDeclaration } from './command.ts'
import { AUDIT_COMMANDS } from './declarations/audit.ts'
import { BENCH_COMMANDS } from './declarations/bench.ts'
import { DAEMON_COMMANDS } from './declarations/daemon.ts'
import { KEY_COMMANDS } from './declarations/keys.ts'
import { MCP_COMMANDS } from './declarations/mcp.ts'
import { MODEL_COMMANDS } from './declarations/model.ts'
import type { Output } from './output.ts'
import { readVersion } from './version.ts'

export type Execute = (declaration: CommandDeclaration, operands: readonly string[], options: Record<string, unknown>) => Promise<void>

export function createProgram(output: Output, execute: Execute): Command {
  const program = new Command('sealstone')
  program
    .description('Signs AI models with hybrid post-quantum signatures and verifies them offline.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => output.raw(text), writeErr: (text) => output.rawError(text), outputError: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .option('--json', 'print the result as JSON on standard output')
    .addOption(new Option('--home <directory>', 'state directory; default ~/.sealstone').env('SEALSTONE_HOME'))
    .option('-V, --version', 'print the version')
    .on('option:version', () => {
      output.line(readVersion())
      throw new CommanderError(0, 'commander.version', 'version')
    })
  addExamples(program, PROGRAM_EXAMPLES)
  program.addHelpText('after', '\nExit codes: 0 ok, 1 verification failed, 2 usage or bad input, 3 daemon or token unavailable.')
  for (const declaration of [...MODEL_COMMANDS, ...DAEMON_COMMANDS]) addCommand(program, declaration, execute)
  for (const group of [KEY_COMMANDS, AUDIT_COMMANDS, MCP_COMMANDS, BENCH_COMMANDS]) addGroup(program, group, execute)
  return program
}

function addGroup(above: Command, group: CommandGroup, execute: Execute): void {
  const parent = above.command(group.name).summary(group.summary).description(sentence(group.summary))
  addExamples(parent, group.examples)
  for (const declaration of group.commands) addCommand(parent, declaration, execute)
  for (const inner of group.groups ?? []) addGroup(parent, inner, execute)
}

function addCommand(parent: Command, declaration: CommandDeclaration, execute: Execute): void {
  const command = parent
    .command(declaration.name)
    .summary(declaration.summary)
    .description(declaration.description ?? sentence(declaration.summary))
  for (const { syntax, description } of declaration.operands ?? []) command.argument(syntax, description)
  for (const option of declaration.options ?? []) command.addOption(toOption(option))
  addExamples(command, declaration.examples)
  command.action(async () => {
    await execute(declaration, command.args, command.optsWithGlobals())
  })
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}

function toOption(declaration: OptionDeclaration): Option {
  const { flags, description, mandatory } = declaration
  const option = new Option(flags, mandatory === true ? `${description}; needed` : description)
  if (declaration.choices !== undefined) option.choices([...declaration.choices])
  if (declaration.parse !== undefined) option.argParser(declaration.parse)
  if (declaration.repeatable === true) option.argParser((value: string, earlier: string[] | undefined) => [...(earlier ?? []), value])
  if (mandatory === true) option.makeOptionMandatory()
  return option
}

function addExamples(command: Command, examples: readonly Example[]): void {
  const width = Math.max(...examples.map(([line]) => line.length))
  const lines = examples.map(([line, does]) => (width > 60 ? `  ${line}\n      ${does}` : `  ${line.padEnd(width)}   ${does}`))
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}

const PROGRAM_EXAMPLES: readonly Example[] = [
  ['sealstone init', 'set up keys, token and audit log'],
  ['sealstone serve', 'run the daemon'],
  ['sealstone sign ./model', 'write model.sig and model.hybrid.sig'],
  ['sealstone verify ./model', 'check them, offline'],
]
