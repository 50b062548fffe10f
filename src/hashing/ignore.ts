/** Which paths of a model are left out: named ones only, never patterns. */
import { compareCodePoints, excerpt, LIMITS, SealstoneError } from '#core'

/** Left out at the top level of every model: version control's own files and the signatures themselves. */
export const DEFAULT_IGNORES: readonly string[] = ['.git', '.gitattributes', '.github', '.gitignore', 'model.hybrid.sig', 'model.sig']
export const SIGNATURE_NAMES: readonly string[] = ['model.hybrid.sig', 'model.sig']

/**
 * Sorted, without doubles, `./` in front and `/` at the end dropped. A path leaves out the file of that name, or the directory and all below it.
 * Throws PATH_INVALID for one that cannot name a part of the model.
 */
export function normaliseIgnores(paths: Iterable<string>): readonly string[] {
  const kept = [...new Set(Array.from(paths, normaliseIgnore))]
  if (kept.length > LIMITS.ignorePaths)
    throw new SealstoneError('INPUT_TOO_LARGE', `${kept.length} paths to ignore, want at most ${LIMITS.ignorePaths}`)
  return kept.sort(compareCodePoints)
}

/** Without `./` in front and `/` at the end. In linear time: the path may come from a signature that nobody has verified. */
export function trimIgnore(path: string): string {
  let [start, end] = [0, path.length]
  while (path.startsWith('./', start)) start += 2
  while (end > start && path[end - 1] === '/') end--
  return path.slice(start, end)
}

function normaliseIgnore(path: string): string {
  const name = trimIgnore(path)
  const parts = name.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..') || !name.isWellFormed() || name.includes('\0')) {
    throw new SealstoneError('PATH_INVALID', `path to ignore is ${excerpt(path)}, want one relative to the model's root`, {
      hint: 'write it as it stands below the model, such as logs or cache/run.bin',
    })
  }
  return name
}
