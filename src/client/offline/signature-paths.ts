/** Where the signatures of a model are: inside a directory, beside a single file, or where the caller says. */
import { statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { excerpt, SealstoneError } from '#core'

export interface SignaturePaths {
  /** Absolute path of `model.sig`, the OMS v1.0 bundle. */
  readonly classical: string
  /** Absolute path of `model.hybrid.sig`. */
  readonly hybrid: string
  /** Those of them that lie in the model's directory, as the model would name them: never part of what is signed. */
  readonly insideModel: readonly string[]
  readonly singleFile: boolean
}

/** @throws SealstoneError FILE_UNREADABLE when there is no such model */
export function signaturePaths(model: string, chosen: { readonly signature?: string; readonly hybridSignature?: string } = {}): SignaturePaths {
  const root = resolve(model)
  const singleFile = !isDirectory(root, model)
  const folder = singleFile ? dirname(root) : root
  const classical = resolve(chosen.signature ?? join(folder, MODEL_SIG))
  const hybrid = resolve(chosen.hybridSignature ?? join(folder, MODEL_HYBRID_SIG))
  const insideModel = singleFile ? [] : [MODEL_SIG, MODEL_HYBRID_SIG, ...[classical, hybrid].flatMap((path) => nameInside(root, path))]
  if (classical === hybrid)
    throw new SealstoneError('INPUT_INVALID', `both signatures are ${basename(classical)}`, { hint: 'name two different files' })
  return { classical, hybrid, insideModel: [...new Set(insideModel)], singleFile }
}

function isDirectory(root: string, model: string): boolean {
  try {
    return statSync(root).isDirectory()
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    const message = reason === 'ENOENT' ? `${excerpt(model)} is not there` : `${excerpt(model)} cannot be read (${reason})`
    throw new SealstoneError('FILE_UNREADABLE', message, { cause })
  }
}

function nameInside(root: string, path: string): string[] {
  const name = relative(root, path)
  return name === '' || name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name) ? [] : [name.split(sep).join('/')]
}

const MODEL_SIG = 'model.sig'
const MODEL_HYBRID_SIG = 'model.hybrid.sig'
