/** Verifies a model, and guards what was verified until the caller is done with it. */
import { basename, resolve } from 'node:path'
import { openSignedModel, type Verdict, type VerifyModelFilesOptions } from '#client/offline'
import { defined, toHex } from '#core'
import { hashModel, listModel, rootDigest } from '#hashing'
import { type Guard, makeView, type Way } from './guards.ts'
import { openPrivateFolder } from './private-folder.ts'
import { type Change, findChanges, settledLook } from './watch.ts'

export interface PrepareModelOptions extends Omit<VerifyModelFilesOptions, 'cache'> {
  /** Default `auto`: the first that works of clone, descriptors and copy. */
  readonly guard?: Guard
  /** Folder of the caller's own for clones, copies and links; made if it is not there. Clones need it on the model's file system. */
  readonly guardFolder: string
  /** A plain copy is made of models up to this many bytes. Default 0: none. */
  readonly copyLimitBytes?: number
}

/** What became of a model, for the log of a daemon. */
export interface ModelDecision {
  readonly model: string
  readonly decision: 'allowed' | 'blocked'
  /** `sha256:` and hex. */
  readonly root?: string | undefined
  readonly reason: string
}

export interface PreparedModel extends AsyncDisposable {
  /** With `ok: false` there is nothing to use, and `path` is where the caller's model is. */
  readonly verdict: Verdict
  /** What to open: a directory, or a single file of the same name. */
  readonly path: string
  /** `sha256:` and hex: over all that was verified; absent where the signatures already failed. */
  readonly root?: string
  readonly guard?: Way
  /** What the guard cannot do here, and why a better one was not taken. */
  readonly notes: readonly string[]
  /** What is not any more as it was verified. Reads files again only where that alone can tell. Each change is answered once. */
  findChanges(signal?: AbortSignal): Promise<readonly Change[]>
}

/**
 * A model that does not verify is an answer, not an error. What was prepared is removed when the answer is disposed of.
 * Throws what `verifyModelFiles` throws, MODEL_CHANGED, OUTPUT_UNWRITABLE, and GUARD_UNAVAILABLE for a folder that others can write too.
 */
export async function prepareModel(options: PrepareModelOptions): Promise<PreparedModel> {
  const signed = await openSignedModel(options)
  if (!signed.verdict.ok) return blocked(options.path, signed.verdict)
  await using made = new AsyncDisposableStack()
  const { within, ...asSigned } = signed.hashing
  const listing = await listModel(options.path, { ...signed.hashing, ...defined({ signal: options.signal }) })
  const single = listing.directories.length === 0
  const source = { root: resolve(options.path), name: basename(resolve(options.path)), single, files: listing.files }
  const folder = options.guard === 'none' ? '' : made.use(await openPrivateFolder(options.guardFolder)).path
  const { view, way, notes } = await makeView(options.guard ?? 'auto', {
    source,
    folder,
    followLinks: options.allowSymlinks ?? false,
    copyLimitBytes: options.copyLimitBytes ?? 0,
    ...defined({ signal: options.signal, within }),
  })
  made.use(view)
  // Hashed is what the command will get, after it was put there, whatever was at the model's own place meanwhile.
  const before = way === 'clone' || way === 'copy' ? view.look() : await settledLook(view, options.signal)
  const hashing = { ...asSigned, allowSymlinks: view.links || (options.allowSymlinks ?? false) }
  const manifest = await hashModel(view.path, { ...hashing, ...defined({ signal: options.signal, onProgress: options.onProgress }) })
  const verdict = await signed.judge(manifest)
  const root = `sha256:${toHex(rootDigest(manifest.resources))}`
  if (!verdict.ok) return { ...blocked(options.path, verdict), root }
  const kept = made.move()
  return {
    verdict,
    path: view.path,
    root,
    guard: way,
    notes,
    findChanges: findChanges(view, before, async (signal) => {
      const again = await hashModel(view.path, { ...hashing, ...defined({ signal }) })
      return `sha256:${toHex(rootDigest(again.resources))}` === root
    }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function blocked(path: string, verdict: Verdict): PreparedModel {
  return { verdict, path, notes: [], findChanges: async () => [], async [Symbol.asyncDispose]() {} }
}
