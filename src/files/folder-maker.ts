/** Makes the folders that files go into, below one that is there, and never through a link out of it. */
import { chmod, lstat, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SealstoneError } from '#core'
import { syncFolder } from './atomic-write.ts'

export class FolderMaker {
  readonly #root: string
  readonly #mode: number
  readonly #known = new Set<string>()

  /** @param root a directory that is there */
  constructor(root: string, mode: number) {
    this.#root = root
    this.#mode = mode
    this.#known.add('.')
  }

  /**
   * The folder and those above it are there, durably, when it resolves. Throws OUTPUT_UNWRITABLE, also where a link or a file is in the way.
   * @param path below the root, with `/` between names and none that leads up
   */
  async make(path: string): Promise<void> {
    if (this.#known.has(path)) return
    await this.make(dirname(path))
    const folder = join(this.#root, path)
    try {
      const isNew = await mkdir(folder).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error
          return false
        },
      )
      if (!(await lstat(folder)).isDirectory()) throw new SealstoneError('OUTPUT_UNWRITABLE', `${folder} is a link or a file, want a directory`)
      if (isNew) {
        await chmod(folder, this.#mode)
        await syncFolder(dirname(folder))
      }
    } catch (cause) {
      if (cause instanceof SealstoneError) throw cause
      throw new SealstoneError('OUTPUT_UNWRITABLE', `${folder} cannot be made (${(cause as NodeJS.ErrnoException).code})`, { cause })
    }
    this.#known.add(path)
  }
}
