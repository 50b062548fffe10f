/** sealstone sign: hash here, have the digests signed, write both files. */
import { relative } from 'node:path'
import { type HashType, hashModel, refuseOtherModel, rootDigest, signaturePaths } from '#client/offline'
import { defined, SealstoneError, toHex } from '#core'
import { removeStaleTemporaries, writeFiles } from '#files'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { openCache } from '../digest-cache.ts'
import { type ProgressForm, trackProgress } from '../progress.ts'
import { formatBytes, plural, visible } from '../text.ts'
import { hashingOptions } from './hashing-options.ts'

type SignOptions = ConnectionOptions & {
  key?: string
  keyVersion?: number
  ignore?: string[]
  algorithm?: HashType
  shardSize?: number
  signature?: string
  hybridSignature?: string
  idempotencyKey?: string
  progress?: ProgressForm
  cache?: boolean
}

export async function run(context: CommandContext, operands: readonly string[], options: SignOptions): Promise<ExitStatus> {
  const { output, home, signal } = context
  const [model = ''] = operands
  const paths = signaturePaths(model, options)
  const targets = [paths.hybrid, paths.classical]
  await refuseOtherModel(model, paths)
  await removeStaleTemporaries(targets)

  await using client = await openClient(home, options)
  // Asked before the hashing, which may take an hour.
  if ((await client.health({ signal })) !== 'serving') throw new SealstoneError('DAEMON_DRAINING', 'the daemon does not take requests now')
  using progress = trackProgress(output, 'hashing', options.progress)
  using cache = await openCache(home, output, options.cache)
  const hashing = { ...hashingOptions(options), always: paths.insideModel, signal, onProgress: progress.report, ...defined({ cache }) }
  const manifest = await hashModel(model, hashing)
  progress.stop()

  const key = options.key ?? 'default'
  const { idempotencyKey, keyVersion } = options
  const answer = await client.sign({ key, ...defined({ idempotencyKey, keyVersion }), content: { kind: 'manifest', manifest } }, { signal })
  await writeFiles([
    { path: paths.hybrid, bytes: answer.hybridSig },
    { path: paths.classical, bytes: answer.modelSig }, // a key without a companion removes what an earlier key left here
  ])

  const root = `sha256:${toHex(rootDigest(manifest.resources))}`
  const count = manifest.resources.length
  if (output.json) {
    output.record({
      model,
      root,
      key,
      operationId: answer.operationId,
      leafIndex: answer.leafIndex,
      replayed: answer.replayed,
      files: count,
      totalBytes: manifest.totalBytes,
      cachedDigests: manifest.cached?.count ?? 0,
      signature: answer.modelSig === undefined ? null : paths.classical,
      hybridSignature: paths.hybrid,
    })
    return EXIT.ok
  }
  output.line(`${output.good('signed')}  ${visible(model)}`)
  output.line(`  root       ${root}`)
  output.line(`  content    ${plural(count, manifest.serialization.method === 'files' ? 'file' : 'shard')}, ${formatBytes(manifest.totalBytes)}`)
  if (manifest.cached !== undefined)
    output.line(`  cache      ${manifest.cached.count} of ${count} not read again, the oldest digest of ${manifest.cached.oldest.toISOString()}`)
  output.line(`  key        ${visible(key)}`)
  output.line(`  log entry  ${answer.leafIndex}${answer.replayed ? ' (an earlier answer to the same request)' : ''}`)
  if (answer.modelSig !== undefined) output.line(`  wrote      ${visible(shortest(paths.classical))}`)
  output.line(`  wrote      ${visible(shortest(paths.hybrid))}`)
  if (answer.modelSig === undefined) output.warn(`the key ${visible(key)} has no companion, so there is no model.sig for other tools`)
  return EXIT.ok
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') ? path : fromHere
}
