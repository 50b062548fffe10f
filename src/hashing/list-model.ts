/** Finds the files of a model. What is neither a file nor a directory is refused by name, so that nothing goes unsigned silently. */
import { type BigIntStats, closeSync, constants, type Dirent, lstatSync, openSync, readdirSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { compareCodePoints, LIMITS, SealstoneError } from '#core'
import { DEFAULT_IGNORES, normaliseIgnores, SIGNATURE_NAMES } from './ignore.ts'
import { nameFromBytes, parseModelName, shown } from './names.ts'
import { isOpenWithin } from './open-within.ts'
import { type Stamp, stampOf } from './stamp.ts'

export interface ListModelOptions {
  /** Links to files are followed and stand for the file; links to directories are refused even so. Default false. */
  readonly allowSymlinks?: boolean
  /** Paths relative to the model's root that are left out, with all below them. */
  readonly ignorePaths?: readonly string[]
  /** Names of signature files at the top level that are left out too. */
  readonly always?: readonly string[]
  /** Whether `DEFAULT_IGNORES` are left out as well. Default true. */
  readonly defaultIgnores?: boolean
  /** Takes only these files; the others are not even looked at. */
  readonly only?: (name: string) => boolean
  /** Calls the one file of a single-file model `.`, as OMS before 1.0 did, and not by its basename. Default false. */
  readonly legacyDotName?: boolean
  /** Real path of a directory: nothing outside of it is read, whatever links are put in the way meanwhile. Linux only. */
  readonly within?: string
  readonly signal?: AbortSignal
}

export interface ModelFile {
  /** Path from the model's root, with `/`. */
  readonly name: string
  /** Where to open it. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly stamp: Stamp
}

export interface ModelListing {
  /** The last part of the model's path. */
  readonly modelName: string
  /** In order of the UTF-8 bytes of the name. */
  readonly files: readonly ModelFile[]
  /** The directories that were read, with the stamp each had before. */
  readonly directories: readonly { readonly path: string; readonly stamp: Stamp }[]
  /** What was left out if it was there. */
  readonly ignorePaths: readonly string[]
}

/**
 * The files of the model at `path`, a directory or one file; none is not an error here.
 * Throws FILE_UNREADABLE, PATH_INVALID, MODEL_SYMLINK, MODEL_SPECIAL_FILE, MODEL_CHANGED, INPUT_TOO_LARGE; the signal's reason when it aborts.
 */
export async function listModel(path: string, options: ListModelOptions = {}): Promise<ModelListing> {
  options.signal?.throwIfAborted()
  const root = resolve(path)
  const modelName = parseModelName(basename(root))
  const defaults = options.defaultIgnores === false ? [] : DEFAULT_IGNORES
  const ignorePaths = normaliseIgnores([...defaults, ...(options.ignorePaths ?? []), ...(options.always ?? [])])
  const stats = lookAtRoot(root, options.allowSymlinks ?? false)
  if (stats.isDirectory())
    return { modelName, ignorePaths, ...(await walk(root, new Set(ignorePaths), new Set([...SIGNATURE_NAMES, ...(options.always ?? [])]), options)) }
  if (!stats.isFile()) throw specialFile(path, stats)
  const file = { name: options.legacyDotName ? '.' : modelName, path: root, size: Number(stats.size), stamp: stampOf(stats) }
  return { modelName, ignorePaths, directories: [], files: options.only?.(file.name) === false ? [] : [file] }
}

async function walk(
  root: string,
  ignored: ReadonlySet<string>,
  signatures: ReadonlySet<string>,
  options: ListModelOptions,
): Promise<Pick<ModelListing, 'files' | 'directories'>> {
  const files: ModelFile[] = []
  const directories: { path: string; stamp: Stamp }[] = []
  const pending = ['']
  let pauseAt = performance.now() + PAUSE_EVERY_MS
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    const directory = prefix === '' ? root : `${root}/${prefix.slice(0, -1)}`
    directories.push({ path: directory, stamp: stampOf(look(directory, prefix, false)) })
    for (const entry of entriesOf(directory, prefix, options.within)) {
      if (performance.now() > pauseAt) {
        await setImmediate() // a hundred thousand files must not hold up the other work of this process
        options.signal?.throwIfAborted()
        pauseAt = performance.now() + PAUSE_EVERY_MS
      }
      const name = nameFromBytes(entry.name, prefix)
      // What is called a signature but is a directory or a link is no signature: nothing hides behind the name.
      if (ignored.has(name) && (entry.isFile() || !signatures.has(name))) continue
      if (entry.isDirectory()) pending.push(`${name}/`)
      else if (options.only?.(name) !== false) files.push(lookAtFile(root, name, entry, options.allowSymlinks ?? false))
      if (files.length > LIMITS.resources) throw tooMany(`the model has over ${LIMITS.resources} files`)
    }
  }
  return { files: inByteOrder(files), directories }
}

function lookAtRoot(root: string, allowSymlinks: boolean): BigIntStats {
  const stats = look(root, root, false)
  if (!stats.isSymbolicLink()) return stats
  if (allowSymlinks) return look(root, root, true)
  throw new SealstoneError('MODEL_SYMLINK', `${shown(root)} is a symbolic link`, { hint: 'name the file or directory that it points to' })
}

function lookAtFile(root: string, name: string, entry: Dirent<Buffer>, allowSymlinks: boolean): ModelFile {
  if (entry.isSymbolicLink() && !allowSymlinks) throw new SealstoneError('MODEL_SYMLINK', `${shown(name)} is a symbolic link`)
  const path = `${root}/${name}`
  const stats = look(path, name, allowSymlinks)
  if (stats.isFile()) return { name, path, size: Number(stats.size), stamp: stampOf(stats) }
  if (!stats.isDirectory()) throw specialFile(name, stats)
  throw new SealstoneError('MODEL_SYMLINK', `${shown(name)} is a symbolic link to a directory; those are never followed`)
}

function look(path: string, name: string, followLink: boolean): BigIntStats {
  let stats: BigIntStats | undefined
  try {
    stats = (followLink ? statSync : lstatSync)(path, { bigint: true, throwIfNoEntry: false })
  } catch (cause) {
    throw unreadable(name, cause)
  }
  if (stats !== undefined) return stats
  throw new SealstoneError('FILE_UNREADABLE', `${shown(name)} is not there${followLink ? ', or is a symbolic link to nothing' : ''}`)
}

function entriesOf(directory: string, prefix: string, within: string | undefined): Dirent<Buffer>[] {
  const name = prefix === '' ? directory : prefix
  try {
    if (within === undefined) return readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })
    const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    try {
      if (!isOpenWithin(descriptor, within)) throw new SealstoneError('MODEL_CHANGED', 'a directory was replaced by a link while the model was read')
      return readdirSync(`/proc/self/fd/${descriptor}`, { withFileTypes: true, encoding: 'buffer' })
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    throw cause instanceof SealstoneError ? cause : unreadable(name, cause)
  }
}

function inByteOrder(files: readonly ModelFile[]): ModelFile[] {
  return files.toSorted((left, right) => compareCodePoints(left.name, right.name))
}

export function unreadable(name: string, cause: unknown): SealstoneError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  if (reason === 'ENAMETOOLONG') return new SealstoneError('PATH_INVALID', `the path of ${shown(name)} is too long for this system`, { cause })
  return new SealstoneError('FILE_UNREADABLE', `${shown(name)} cannot be read (${reason})`, { cause })
}

export function tooMany(message: string): SealstoneError {
  return new SealstoneError('INPUT_TOO_LARGE', message, { hint: 'leave files out with --ignore, or sign parts of the model on their own' })
}

function specialFile(name: string, stats: BigIntStats): SealstoneError {
  return new SealstoneError('MODEL_SPECIAL_FILE', `${shown(name)} is ${kindOf(stats)}`)
}

function kindOf(stats: BigIntStats): string {
  if (stats.isFIFO()) return 'a named pipe'
  if (stats.isSocket()) return 'a socket'
  return stats.isBlockDevice() || stats.isCharacterDevice() ? 'a device' : 'not a regular file'
}

const PAUSE_EVERY_MS = 10
