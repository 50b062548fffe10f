/** Whether an open file or directory is really below a root: asked after opening, so that no link can be put in the way in between. */
import { readlinkSync } from 'node:fs'

/** @param root absolute real path of a directory. Throws where the system does not tell; Linux does. */
export function isOpenWithin(descriptor: number, root: string): boolean {
  const real = readlinkSync(`/proc/self/fd/${descriptor}`)
  return real === root || real.startsWith(root === '/' ? root : `${root}/`)
}
