/** sealstone hash: what a signature would cover. */
import { type HashType, hashModel, rootDigest } from '#client/offline'
import { defined, toHex } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { openCache } from '../digest-cache.ts'
import { type ProgressForm, trackProgress } from '../progress.ts'
import { visible } from '../text.ts'
import { hashingOptions } from './hashing-options.ts'

type HashOptions = { algorithm?: HashType; shardSize?: number; ignore?: string[]; progress?: ProgressForm; cache?: boolean }

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: HashOptions): Promise<ExitStatus> {
  const [model = ''] = operands
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
