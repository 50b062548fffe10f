/** sealstone hash: what a signature would cover. */
import { defined, SealstoneError, toHex } from '#core'
import { type HashType, hashModel, rootDigest } from '#hashing'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { openCache } from '../digest-cache.ts'
import { type ProgressForm, trackProgress } from '../progress.ts'
import { visible } from '../text.ts'
import { hashingOptions } from './hashing-options.ts'

type HashOptions = { algorithm?: HashType; shardSize?: number; ignore?: string[]; progress?: ProgressForm; cache?: boolean; tensors?: boolean }

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: HashOptions): Promise<ExitStatus> {
  const [model = ''] = operands
  if (options.tensors === true) return await printTensors({ output, home, signal }, model, options)
  using progress = trackProgress(output, 'hashing', options.progress)
  using cache = await openCache(home, output, options.cache)
  const manifest = await hashModel(model, { ...hashingOptions(options), signal, onProgress: progress.report, ...defined({ cache }) })
  progress.stop()
  const root = toHex(rootDigest(manifest.resources))
  if (output.json) {
    const { method, hashType, shardSize, ignorePaths } = manifest.serialization
    const files = manifest.resources.map(({ name, digest, size }) => ({ name, digest: `${hashType}:${toHex(digest)}`, size }))
    output.record({
      model: manifest.modelName,
      root: `sha256:${root}`,
      algorithm: hashType,
      method,
      ...(shardSize === undefined ? {} : { shardSize }),
      ignorePaths,
      totalBytes: manifest.totalBytes,
      cachedDigests: manifest.cached?.count ?? 0,
      files,
    })
    return EXIT.ok
  }
  for (const { name, digest } of manifest.resources) output.line(`${toHex(digest)}  ${visible(name)}`)
  output.line(`${root}  ${output.strong('root digest')} (sha256) of ${visible(manifest.modelName)}`)
  return EXIT.ok
}

async function printTensors({ output, signal }: CommandContext, model: string, options: HashOptions): Promise<ExitStatus> {
  const { algorithm: hashType = 'sha256', shardSize, cache, ignore: ignorePaths } = options
  if (shardSize !== undefined || cache === true) throw new SealstoneError('USAGE', '--tensors goes with neither --shard-size nor --cache')
  const { hashTensors } = await import('#tensors')
  using progress = trackProgress(output, 'hashing', options.progress)
  const { modelName, files } = await hashTensors(model, { hashType, signal, onProgress: progress.report, ...defined({ ignorePaths }) })
  progress.stop()
  if (output.json) {
    const written = (digest: Uint8Array | undefined): string | undefined => digest && `${hashType}:${toHex(digest)}`
    output.record({
      model: modelName,
      algorithm: hashType,
      files: files.map(({ name, size, format, digest, headerDigest, tensors }) => ({
        name,
        size,
        ...defined({ format, digest: written(digest), headerDigest: written(headerDigest) }),
        tensors: tensors.map((tensor) => ({ ...tensor, digest: written(tensor.digest) })),
      })),
    })
    return EXIT.ok
  }
  for (const { name, digest, headerDigest, tensors } of files) {
    output.line(`${toHex(digest ?? headerDigest ?? new Uint8Array())}  ${visible(name)}${digest === undefined ? output.faint(' (header)') : ''}`)
    for (const tensor of tensors)
      output.line(`${toHex(tensor.digest)}  ${visible(name)} ${output.strong(visible(tensor.name))} ${tensor.dtype} [${tensor.shape.join(', ')}]`)
  }
  return EXIT.ok
}
