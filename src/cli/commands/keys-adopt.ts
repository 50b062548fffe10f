/** sealstone keys adopt and import: keys that were not made here. */
import { randomBytes } from 'node:crypto'
import { chmodSync, constants, copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SealstoneError } from '#core'
import { type CommandContext, type CommandModule, EXIT } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { printChange } from './key-record.ts'
import { validity, type ValidityOptions } from './keys-create.ts'

type AdoptOptions = ConnectionOptions & ValidityOptions & { uri?: string }
type ImportOptions = ConnectionOptions & ValidityOptions & { file?: string }

export const adopt: CommandModule = {
  async run({ output, home, signal }: CommandContext, [name = '']: readonly string[], options: AdoptOptions) {
    if (options.uri === undefined)
      throw new SealstoneError('USAGE', '--uri is needed', { hint: "name the key in the token, such as --uri 'pkcs11:object=release;type=private'" })
    await using client = await openClient(home, options)
    printChange(output, await client.adoptKey({ name, uri: options.uri, ...validity(options) }, { signal }), 'adopted')
    return EXIT.ok
  },
}

export const importKey: CommandModule = {
  async run({ output, home, signal }: CommandContext, [name = '']: readonly string[], options: ImportOptions) {
    const { file } = options
    if (file === undefined) throw new SealstoneError('USAGE', '--file is needed', { hint: 'name the PKCS#8 file with the private key' })
    await using client = await openClient(home, options)
    const staged = stage(home, file)
    try {
      const key = await client.importKey({ name, file: staged.name, ...validity(options) }, { signal })
      if (isOpen(file)) output.warn(`${file} can be read by others on this machine: whoever did has the key`)
      printChange(output, key, 'imported', 'The private key is still in the file that you named: whoever has that has the key. Destroy every copy.')
    } finally {
      rmSync(staged.path, { force: true })
    }
    return EXIT.ok
  },
}

/** Whether its mode lets others read it. */
function isOpen(file: string): boolean {
  return ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o044) !== 0
}

/** The key host may read one folder only; the content goes there without passing through this process's memory. */
function stage(home: string, file: string): { readonly name: string; readonly path: string } {
  const folder = join(home, 'import')
  const name = `${randomBytes(8).toString('hex')}.key`
  const path = join(folder, name)
  const mask = process.umask(0o077)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    copyFileSync(file, path, constants.COPYFILE_EXCL)
    chmodSync(path, 0o600)
  } catch (cause) {
    rmSync(path, { force: true })
    throw new SealstoneError('FILE_UNREADABLE', `${file} cannot be handed to the key host (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
      hint: 'this works on the machine of the daemon, as its user',
    })
  } finally {
    process.umask(mask)
  }
  return { name, path }
}
