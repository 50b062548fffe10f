/** sealstone mcp sign-artifact: a bundle, a skill or an agent card, signed as a whole. */
import { recogniseArtifact, signArtifact } from '#artifacts'
import { defined, SealstoneError } from '#core'
import { removeStaleTemporaries, writeFiles } from '#files'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { type ProgressForm, trackProgress } from '../progress.ts'
import { visible } from '../text.ts'
import { KIND_NAMES } from './artifact-kinds.ts'

type SignArtifactOptions = ConnectionOptions & { key?: string; keyVersion?: number; progress?: ProgressForm }

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: SignArtifactOptions): Promise<ExitStatus> {
  const [path = ''] = operands
  const { key = 'default', keyVersion } = options
  const artifact = await recogniseArtifact(path)
  await removeStaleTemporaries([artifact.hybridSignature, ...(artifact.kind === 'skill' ? [artifact.signature] : [])])
  await using client = await openClient(home, options)
  if ((await client.health({ signal })) !== 'serving') throw new SealstoneError('DAEMON_DRAINING', 'the daemon does not take requests now')
  using progress = trackProgress(output, 'hashing', options.progress)
  const { name, version, sha256, answer, files } = await signArtifact(client, artifact, {
    key,
    signal,
    onProgress: progress.report,
    ...defined({ keyVersion }),
  })
  progress.stop()
  await writeFiles(files)
  const { operationId, leafIndex } = answer
  const wrote = files.filter(({ bytes }) => bytes !== undefined).map((file) => file.path)
  if (output.json) {
    output.record({
      kind: artifact.kind,
      path: artifact.path,
      name,
      ...defined({ version }),
      digest: `sha256:${sha256}`,
      key,
      operationId,
      leafIndex,
      wrote,
    })
    return EXIT.ok
  }
  output.line(`${output.good('signed')}  ${visible(path)}`)
  output.line(`  ${KIND_NAMES[artifact.kind].padEnd(10)} ${visible(version === undefined ? name : `${name} ${version}`)}`)
  output.line(`  digest     sha256:${sha256}`)
  output.line(`  key        ${visible(key)}`)
  output.line(`  log entry  ${leafIndex}`)
  for (const file of wrote) output.line(`  wrote      ${visible(file)}`)
  if (artifact.kind === 'skill' && answer.modelSig === undefined)
    output.warn(`the key ${visible(key)} has no companion, so there is no skill.oms.sig for other tools`)
  return EXIT.ok
}
