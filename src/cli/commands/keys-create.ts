/** sealstone keys create and rotate: new keys and new versions. */
import { defined } from '#core'
import { type CommandContext, type CommandModule, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { printChange } from './key-record.ts'

export type ValidityOptions = { notBefore?: string; notAfter?: string }
type CreateOptions = ConnectionOptions &
  ValidityOptions & { suite?: string; rotationDays?: number; deletionAllowed?: boolean; mlDsaInToken?: boolean; notRecoverable?: boolean }
type RotateOptions = ConnectionOptions & ValidityOptions & { suite?: string; keepPrevious?: boolean; recoverable?: boolean }

export const create: CommandModule = {
  async run({ output, home, signal }: CommandContext, [name = '']: readonly string[], options: CreateOptions): Promise<ExitStatus> {
    await using client = await openClient(home, options)
    const { suite, rotationDays, deletionAllowed, mlDsaInToken, notRecoverable } = options
    const key = await client.createKey(
      { name, ...defined({ suite, rotationDays, deletionAllowed, mlDsaInToken, notRecoverable }), ...validity(options) },
      { signal },
    )
    printChange(output, key, 'created', 'The trust file has it now; hand it out with: sealstone keys export --trust')
    return EXIT.ok
  },
}

export const rotate: CommandModule = {
  async run({ output, home, signal }: CommandContext, [name = '']: readonly string[], options: RotateOptions): Promise<ExitStatus> {
    await using client = await openClient(home, options)
    // The version that the person means is the one that is there now: a retry after a lost answer must not rotate twice.
    const { version: fromVersion } = await client.getKey(name, { signal })
    const { suite, keepPrevious, recoverable } = options
    const key = await client.rotateKey({ name, fromVersion, ...defined({ suite, keepPrevious, recoverable }), ...validity(options) }, { signal })
    printChange(output, key, 'rotated', 'Verifiers need the new trust file before they meet its signatures: sealstone keys export --trust')
    return EXIT.ok
  },
}

export function validity({ notBefore, notAfter }: ValidityOptions): { notBefore?: Date; notAfter?: Date } {
  return defined({
    notBefore: notBefore === undefined ? undefined : new Date(notBefore),
    notAfter: notAfter === undefined ? undefined : new Date(notAfter),
  })
}
