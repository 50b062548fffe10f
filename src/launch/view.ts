/** What a guard makes: a place where the model's files are, and stay, as they were verified. */
import type { BigIntStats } from 'node:fs'
import type { ModelFile } from '#hashing'

export interface View extends Disposable {
  /** A directory, or a single file with the model's own name. */
  readonly path: string
  /** The files are symbolic links that the guard made. */
  readonly links: boolean
  /** How each file looks now; undefined where it is gone. */
  look(): ReadonlyMap<string, BigIntStats | undefined>
}

export interface ViewRequest {
  readonly source: {
    /** Absolute path of the model. */
    readonly root: string
    /** Its last part: what is made keeps it, since programs look at names. */
    readonly name: string
    readonly single: boolean
    readonly files: readonly ModelFile[]
  }
  /** Of mode 0700, empty, for this view alone. */
  readonly folder: string
  /** Whether the caller allowed links in the model. */
  readonly followLinks: boolean
  /** Real path of a directory: nothing outside of it is read. */
  readonly within?: string
  readonly copyLimitBytes: number
  readonly signal?: AbortSignal
}

/** Where a file of the model comes to lie below the view's folder. A single file may be listed as `.`. */
export function placeOf({ source, folder }: ViewRequest, file: ModelFile): string {
  return source.single ? `${folder}/${source.name}` : `${folder}/${source.name}/${file.name}`
}

/** The folders that hold the model's files, outer ones first. They lie below one of mode 0700, so nobody else gets at them while they are filled. */
export function foldersOf({ source, folder }: ViewRequest): readonly string[] {
  if (source.single) return []
  const root = `${folder}/${source.name}`
  const folders = new Set([root])
  for (const { name } of source.files) {
    for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) folders.add(`${root}/${name.slice(0, at)}`)
  }
  return [...folders]
}

export const LOOK = { bigint: true, throwIfNoEntry: false } as const
