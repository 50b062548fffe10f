/** HashPath: hashes files below an allowed directory; progress, the parts with their tickets, and the end, as they come. */
import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Identity, SealstoneError } from '#core'
import { fileNameOf, hashModel, type HashModelOptions, type HashProgress, type Manifest, type Resource } from '#hashing'

export interface PathRequest {
  readonly path: string
  readonly options: HashModelOptions
}

/** One file and all of its parts. */
export interface FileOfManifest {
  readonly name: string
  readonly resources: readonly Resource[]
}

export type PathStep =
  | { readonly kind: 'progress'; readonly progress: HashProgress }
  /** Some of the parts, in order, and the files whose last part is among them. */
  | { readonly kind: 'parts'; readonly resources: readonly Resource[]; readonly files: readonly FileOfManifest[]; readonly manifest: Manifest }
  | { readonly kind: 'end'; readonly manifest: Manifest }

/** Throws PERMISSION_DENIED for a path outside the roots, OVERLOADED, and what hashModel throws. */
export class PathHashing {
  readonly #roots: readonly string[]
  #running = 0

  /** @param roots absolute, real paths */
  constructor(roots: readonly string[]) {
    this.#roots = roots
  }

  async *hash(caller: Identity, { path, options }: PathRequest, signal: AbortSignal): AsyncGenerator<PathStep> {
    const root = this.#rootOf(caller, path)
    if (this.#running >= MOST_AT_ONCE) throw new SealstoneError('OVERLOADED', `${this.#running} paths are hashed already, at most ${MOST_AT_ONCE}`)
    this.#running += 1
    const stopped = new AbortController()
    try {
      let latest: HashProgress | undefined
      const either = AbortSignal.any([signal, stopped.signal])
      const hashing = hashModel(path, { ...options, within: root, signal: either, onProgress: (progress) => (latest = progress) })
      const done = hashing.then(
        () => true,
        () => true,
      )
      while (!(await Promise.race([done, sleep(PROGRESS_MS, false)]))) if (latest !== undefined) yield { kind: 'progress', progress: latest }
      const manifest = await hashing
      if (latest !== undefined) yield { kind: 'progress', progress: latest }
      for (const page of pages(manifest)) yield { kind: 'parts', ...page, manifest }
      yield { kind: 'end', manifest }
    } finally {
      stopped.abort() // the caller has gone in the middle
      this.#running -= 1
    }
  }

  #rootOf(caller: Identity, path: string): string {
    const isPlain = path.startsWith('/') && !/\/(?:\.{0,2}(?:\/|$))/.test(path) && !path.includes('\0')
    if (!isPlain) throw new SealstoneError('PATH_INVALID', 'path is not an absolute path without ., .. and doubled or trailing slashes')
    const root = this.#roots.find((allowed) => path === allowed || path.startsWith(allowed === '/' ? '/' : `${allowed}/`))
    if (root === undefined || !isReal(path)) {
      throw new SealstoneError(
        'PERMISSION_DENIED',
        `${caller} may not have this path hashed: it is below no allowed directory, or leads over a link`,
        {
          hint: 'ask the operator to add the directory to hash.roots in config.toml',
        },
      )
    }
    return root
  }
}

/** As far as the path is there: what a link leads to, and whether there is anything, is not told. */
function isReal(path: string): boolean {
  for (let part = path; part !== '/'; part = dirname(part)) {
    try {
      return realpathSync(part) === part
    } catch {
      // hashing says what is wrong with this part; a link may be above it
    }
  }
  return true
}

/** Some at a time: a message stays far below its limit. */
function* pages({ resources, serialization }: Manifest): Generator<{ resources: Resource[]; files: FileOfManifest[] }> {
  const nameOf = (resource: Resource): string => fileNameOf(resource, serialization.method)
  let file: Resource[] = []
  for (let start = 0; start < resources.length; start += PAGE_PARTS) {
    const page = resources.slice(start, start + PAGE_PARTS)
    const files: FileOfManifest[] = []
    for (const [at, resource] of page.entries()) {
      file.push(resource)
      const next = resources[start + at + 1]
      const name = nameOf(resource)
      if (next !== undefined && nameOf(next) === name) continue
      files.push({ name, resources: file })
      file = []
    }
    yield { resources: page, files }
  }
}

const MOST_AT_ONCE = 2
const PROGRESS_MS = 100
const PAGE_PARTS = 1000
