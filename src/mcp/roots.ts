/** Keeps a caller's paths inside the directories that the operator named. Links and `..` are resolved before anything is judged. */
import { realpathSync, statSync } from 'node:fs'
import { isAbsolute, resolve, sep } from 'node:path'
import { excerpt, SealstoneError } from '#core'

export interface ConfinedPath {
  /** Without links in it. */
  readonly path: string
  /** The root that it is in, to be handed on as `within`: what is opened later is judged again. Undefined where the system cannot tell. */
  readonly within: string | undefined
}

/** Real paths of the directories. Throws USAGE for one that is not there or is no directory. */
export function openRoots(directories: readonly string[]): readonly string[] {
  return directories.map((directory) => {
    const real = realOf(directory)
    if (real === undefined || !statSync(real).isDirectory()) throw new SealstoneError('USAGE', `--root ${directory} is not a directory`)
    return real
  })
}

/**
 * A relative path is looked for in each root in turn. What lies outside is answered like what is not there, so that nobody learns which files exist.
 * Throws PERMISSION_DENIED, PATH_INVALID.
 */
export function confine(path: string, roots: readonly string[]): ConfinedPath {
  if (roots.length === 0) {
    throw new SealstoneError('PERMISSION_DENIED', 'this server reads no paths', {
      hint: 'send the text of the signatures and digests, or have the server started with --root DIRECTORY',
    })
  }
  if (path.includes('\0')) throw new SealstoneError('PATH_INVALID', 'the path has a zero byte in it')
  for (const candidate of isAbsolute(path) ? [path] : roots.map((root) => resolve(root, path))) {
    const real = realOf(candidate)
    const root = real === undefined ? undefined : roots.find((one) => real === one || real.startsWith(one === sep ? sep : one + sep))
    if (real !== undefined && root !== undefined) return { path: real, within: process.platform === 'linux' ? root : undefined }
  }
  throw new SealstoneError('PERMISSION_DENIED', `${excerpt(path)} is not in a directory that this server may read, or is not there`, {
    hint: 'name a model below one of the directories that were given with --root',
  })
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync.native(path)
  } catch {
    return undefined // not there, not ours to see, or a circle of links
  }
}
