/** What a command is: a declaration that costs nothing to load, and a module that is loaded only when it runs. */
import type { Output } from './output.ts'

export interface CommandContext {
  readonly output: Output
  /** The state directory; it need not exist. */
  readonly home: string
  /** Aborted by SIGINT, SIGTERM and a reader of standard output that went away. */
  readonly signal: AbortSignal
}

export interface CommandDeclaration {
  readonly name: string
  readonly operands?: readonly { readonly syntax: string; readonly description: string }[]
  /** One line in the list of commands. */
  readonly summary: string
  /** Paragraphs under the usage line; default is the summary. */
  readonly description?: string
  readonly options?: readonly OptionDeclaration[]
  readonly examples: readonly Example[]
  /** The operands are for another program: empty ones are its business. */
  readonly foreignOperands?: true
  /** The command handles SIGINT and SIGTERM itself. */
  readonly ownSignals?: true
  load(): Promise<CommandModule>
}

export interface CommandGroup {
  readonly name: string
  readonly summary: string
  readonly examples: readonly Example[]
  readonly commands: readonly CommandDeclaration[]
  readonly groups?: readonly CommandGroup[]
}

export interface OptionDeclaration {
  readonly flags: string
  readonly description: string
  readonly choices?: readonly string[]
  /** The option may be given more than once; its value is a list. */
  readonly repeatable?: true
  /** Without it the command is a usage error. */
  readonly mandatory?: true
  /** Reads the value; throws commander's InvalidArgumentError. */
  readonly parse?: (text: string) => unknown
}

/** A line to type and what it does. */
export type Example = readonly [line: string, does: string]

export interface CommandModule {
  // An ExitStatus, or that of a program that ran in our place.
  // A method, so that each module may declare the shape that its own options have after parsing.
  run(context: CommandContext, operands: readonly string[], options: Readonly<Record<string, unknown>>): Promise<number>
}

/** 1 verification failed, 2 usage or bad input, 3 daemon or token unavailable. */
export type ExitStatus = 0 | 1 | 2 | 3

export const EXIT = { ok: 0, failed: 1, usage: 2, unavailable: 3 } as const satisfies Record<string, ExitStatus>
