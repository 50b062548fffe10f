/** sealstone audit publish */
import { resolve } from 'node:path'
import { SealstoneError } from '#core'
import { publishHome } from '#daemon'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { trackProgress } from '../progress.ts'
import { formatBytes, plural, visible } from '../text.ts'

export async function run({ output, home, signal }: CommandContext, operands: readonly string[]): Promise<ExitStatus> {
  const [operand] = operands
  if (operand === undefined) throw new SealstoneError('USAGE', 'the directory is missing')
  const directory = resolve(operand)
  using progress = trackProgress(output, 'publishing', 'auto', (count) => plural(count, 'entry', 'entries'))
  const report = await publishHome({
    home,
    directory,
    signal,
    onProgress: (done, total) => progress.report({ bytesDone: Number(done), bytesTotal: Number(total), filesDone: 0, filesTotal: 0, current: '' }),
  })
  progress.stop()
  if (output.json) output.record({ directory, ...report })
  else output.line(describe(directory, report))
  return EXIT.ok
}

type Report = Awaited<ReturnType<typeof publishHome>>

function describe(directory: string, { origin, size, before, filesWritten, bytesWritten, removed }: Report): string {
  const place = `${visible(directory)} has ${plural(Number(size), 'entry', 'entries')} of ${visible(origin)}`
  if (filesWritten === 0) return `${place}, nothing is new`
  const tidied = removed === 0 ? '' : `; ${plural(removed, 'folder')} of partial tiles removed`
  return `${place}, ${size - before} of them new: ${plural(filesWritten, 'file')}, ${formatBytes(bytesWritten)}${tidied}`
}
