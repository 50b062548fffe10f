/** sealstone keys backup. */
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { SealstoneError } from '#core'
import { type CommandContext, type CommandModule, EXIT } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'

export const backup: CommandModule = {
  async run({ output, home, signal }: CommandContext, [folder = '']: readonly string[], options: ConnectionOptions) {
    if (existsSync(folder))
      throw new SealstoneError('OUTPUT_UNWRITABLE', `${folder} is there already`, { hint: 'name a new folder, for example with the date' })
    await using client = await openClient(home, options)
    const made = await client.backupKeys({ signal })
    moveFolder(made.folder, folder)
    if (output.json) {
      output.record({ ...made, folder, treeSize: Number(made.treeSize) })
      return EXIT.ok
    }
    output.line(`${output.good('backed up')}  ${visible(folder)}`)
    output.line(`  log entries  ${made.treeSize}`)
    output.line(`  recoverable  ${made.recoverable.length === 0 ? 'none' : made.recoverable.map(visible).join(', ')}`)
    if (made.notRecoverable.length > 0) {
      output.line(`  only with the token  ${made.notRecoverable.map(visible).join(', ')}`)
      output.note('these are lost with their token; docs/recovery.md says how later versions can be had back')
    }
    return EXIT.ok
  },
}

/** Beside the target first, where another file system is in between: nobody finds half a backup under its name. */
function moveFolder(from: string, to: string): void {
  try {
    renameSync(from, to)
    return
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code !== 'EXDEV')
      throw new SealstoneError('OUTPUT_UNWRITABLE', `the backup is in ${from} and cannot be moved to ${to} (${code})`, {
        cause,
        hint: 'move it by hand; this works on the machine of the daemon, as its user',
      })
  }
  const unfinished = join(dirname(resolve(to)), `.${Date.now()}.sealstone-backup`)
  try {
    cpSync(from, unfinished, { recursive: true, errorOnExist: true, preserveTimestamps: true })
    renameSync(unfinished, to)
  } catch (cause) {
    rmSync(unfinished, { recursive: true, force: true })
    throw new SealstoneError(
      'OUTPUT_UNWRITABLE',
      `the backup is in ${from} and cannot be copied to ${to} (${(cause as NodeJS.ErrnoException).code})`,
      { cause },
    )
  }
  rmSync(from, { recursive: true, force: true })
}
