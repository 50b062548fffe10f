/** Makes a directory and those above it, as `recursive` of Node's mkdir does; but that one never ends below a place that takes no names, such as /proc or an automounter. */
import { lstat, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Gives the first one that was made, or undefined if all were there. Throws what the file system says. */
export async function makeDirectories(path: string, mode: number): Promise<string | undefined> {
  const folder = resolve(path)
  const fault = await makeOne(folder, mode)
  if (fault === undefined) return folder
  if (fault.code === 'EEXIST') {
    if ((await stat(folder)).isDirectory()) return undefined
    throw fault
  }
  if (fault.code !== 'ENOENT' || dirname(folder) === folder) throw fault
  const first = await makeDirectories(dirname(folder), mode)
  // What is above it is there now: if it still cannot be made, it never can.
  const lasting = await makeOne(folder, mode)
  if (lasting !== undefined && !(lasting.code === 'EEXIST' && (await lstat(folder)).isDirectory())) throw lasting
  return first ?? folder
}

async function makeOne(folder: string, mode: number): Promise<NodeJS.ErrnoException | undefined> {
  return await mkdir(folder, { mode }).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  )
}
