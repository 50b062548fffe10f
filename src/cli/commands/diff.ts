/** sealstone diff: what two models, or what two signatures speak of, differ in. Nothing is verified. */
import { statSync } from 'node:fs'
import { hashModel, readSignedFiles, type SignedFiles } from '#client/offline'
import { SealstoneError } from '#core'
import type { Comparison, FileChange, ModelTensors, TensorChange } from '#tensors'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import type { Output } from '../output.ts'
import { type ProgressForm, trackProgress } from '../progress.ts'
import { plural, table, visible } from '../text.ts'

type DiffOptions = { all?: boolean; progress?: ProgressForm }

export async function run({ output, signal }: CommandContext, operands: readonly string[], options: DiffOptions): Promise<ExitStatus> {
  const [left = '', right = ''] = operands
  const { compareModels, hashTensors } = await import('#tensors')
  using progress = trackProgress(output, 'hashing', options.progress)
  const watched = { signal, onProgress: progress.report }
  const signatures = [await signedFiles(left), await signedFiles(right)] as const
  const plan = planOf(signatures)
  const load = (path: string, signed: SignedFiles | undefined): Promise<ModelTensors> => {
    if (signed !== undefined) return Promise.resolve(asModel(signed.resources, signed.serialization.hashType))
    return plan === undefined ? hashTensors(path, watched) : hashAs(path, plan, watched)
  }
  const comparison = compareModels(await load(left, signatures[0]), await load(right, signatures[1]))
  progress.stop()
  const isSame = comparison.files.length === 0
  if (output.json) output.record({ a: left, b: right, identical: isSame, verified: false, ...comparison })
  else print(output, comparison, options.all === true)
  if (plan !== undefined) {
    output.warn('signatures are compared as they are, not verified; for that: sealstone verify MODEL')
    if (!isSame) output.note('hint: tensors are told where both sides are models on disk')
  }
  return isSame ? EXIT.ok : EXIT.failed
}

/** Undefined for a model. */
async function signedFiles(path: string): Promise<SignedFiles | undefined> {
  return path.endsWith('.sig') && statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true ? readSignedFiles(path) : undefined
}

/** How both must be hashed; undefined where both are models. Throws INPUT_INVALID for two signatures that were not made alike. */
function planOf([left, right]: readonly [SignedFiles | undefined, SignedFiles | undefined]): SignedFiles | undefined {
  const how = ({ serialization: { method, hashType, shardSize } }: SignedFiles): string => [method, hashType, shardSize].filter(Boolean).join(' ')
  if (left !== undefined && right !== undefined && how(left) !== how(right)) {
    throw new SealstoneError('INPUT_INVALID', `one was signed by ${how(left)}, the other by ${how(right)}: their digests cannot be compared`, {
      hint: 'compare the models themselves',
    })
  }
  return left ?? right
}

async function hashAs(
  path: string,
  { serialization, defaultIgnores, dotName }: SignedFiles,
  watched: Pick<Parameters<typeof hashModel>[1] & object, 'signal' | 'onProgress'>,
): Promise<ModelTensors> {
  const { method, hashType, shardSize, allowSymlinks, ignorePaths } = serialization
  const manifest = await hashModel(path, {
    ...watched,
    method,
    hashType,
    ...(shardSize === undefined ? {} : { shardSize }),
    allowSymlinks,
    ignorePaths,
    defaultIgnores,
    legacyDotName: dotName,
  })
  return asModel(manifest.resources, hashType)
}

function asModel(resources: SignedFiles['resources'], hashType: ModelTensors['hashType']): ModelTensors {
  return { modelName: '', hashType, files: resources.map(({ name, digest }) => ({ name, digest, size: 0, tensors: [] })) }
}

function print(output: Output, { files, filesUnchanged }: Comparison, all: boolean): void {
  for (const file of files) {
    output.line(`${output.strong(file.change.padEnd(8))} ${visible(file.name)}${file.from === undefined ? '' : ` (was ${visible(file.from)})`}`)
    if (file.tensors !== undefined) printTensors(output, file, file.tensors, all)
  }
  output.line(`${plural(files.length, 'file')} changed, ${filesUnchanged} the same`)
}

function printTensors(output: Output, { tensorsUnchanged = 0, headerChanged }: FileChange, tensors: readonly TensorChange[], all: boolean): void {
  const groups = Map.groupBy(tensors, ({ name, change }) => `${change}\0${layerOf(name)}`)
  const rows = all ? tensors.map(tensorRow) : [...groups.values()].flatMap((group) => (group.length === 1 ? group.map(tensorRow) : [groupRow(group)]))
  for (const row of table(rows.map((cells) => cells.map(visible)))) output.line(`  ${row}`)
  const header = headerChanged === true ? '; names, shapes or metadata differ' : ''
  output.line(`  ${plural(tensors.length, 'tensor')} changed, ${tensorsUnchanged} the same${header}`)
}

function tensorRow({ name, change, from, kind, wasKind }: TensorChange): string[] {
  return [change, name, from === undefined ? kind : `${kind}, was ${from}`, wasKind === undefined ? '' : `was ${wasKind}`]
}

function groupRow(group: readonly TensorChange[]): string[] {
  const [first] = group
  return [first?.change ?? '', `${layerOf(first?.name ?? '')}.*`, plural(group.length, 'tensor'), '']
}

/** `model.layers.17` of `model.layers.17.mlp.up_proj.weight`: up to the first number, else without the last part. */
function layerOf(name: string): string {
  const parts = name.split('.')
  const number = parts.findIndex((part) => /^\d+$/.test(part))
  return parts.slice(0, number < 0 ? -1 : number + 1).join('.')
}
