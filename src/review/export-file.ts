/** A file that an export grows, line by line: what a crash cut off at its end is repaired, and the next export goes on after it. */
import { type FileHandle, open } from 'node:fs/promises'
import { parseStrictJson, SealstoneError, utf8 } from '#core'
import { type ExportFormat, readRecordName, type RecordName } from './export-records.ts'

export interface ExportFile extends AsyncDisposable {
  /** The last record that was there; absent in a new or empty file. */
  readonly last: RecordName | undefined
  /** One record as JSON, without line breaks. Throws OUTPUT_UNWRITABLE. */
  write(line: string): Promise<void>
  /** On the disk when it resolves. */
  sync(): Promise<void>
}

export interface ExportFileOptions {
  /** Go on with a file that is there; else such a file is refused. */
  readonly resume: boolean
  /** Write many records at once; else each at once. */
  readonly buffered: boolean
}

/**
 * Throws OUTPUT_UNWRITABLE, and INPUT_INVALID for a file that is not an export in this format.
 */
export async function openExportFile(path: string, format: ExportFormat, { resume, buffered }: ExportFileOptions): Promise<ExportFile> {
  const file = await attempt(path, () => open(path, resume ? 'a+' : 'ax+', 0o644))
  try {
    const stats = await attempt(path, () => file.stat())
    if (!stats.isFile()) throw new SealstoneError('OUTPUT_UNWRITABLE', `${path} is not a regular file`)
    const last = await repairEnd(file, path, stats.size, format)
    let waiting: Buffer[] = []
    let waitingBytes = 0
    const flush = async (): Promise<void> => {
      if (waitingBytes === 0) return
      const bytes = Buffer.concat(waiting)
      waiting = []
      waitingBytes = 0
      await attempt(path, () => file.appendFile(bytes))
    }
    return {
      last,
      write: async (line) => {
        const bytes = Buffer.from(utf8(`${line}\n`))
        waiting.push(bytes)
        waitingBytes += bytes.length
        if (!buffered || waitingBytes >= WRITE_AT_ONCE) await flush()
      },
      sync: async () => {
        await flush()
        await attempt(path, () => file.sync())
      },
      [Symbol.asyncDispose]: async () => {
        try {
          await flush()
        } finally {
          await file.close()
        }
      },
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Cuts off what follows the last line break, and reads the line before it. */
async function repairEnd(file: FileHandle, path: string, size: number, format: ExportFormat): Promise<RecordName | undefined> {
  let tail = Buffer.alloc(0)
  let start = size
  // The end of the last whole line, and that of the line before it.
  let [end, before] = lastLineBreaks(tail)
  for (; start > 0 && before === -1; [end, before] = lastLineBreaks(tail)) {
    if (tail.length > MOST_LINE)
      throw new SealstoneError('INPUT_INVALID', `${path} does not end with a record: its last lines are over ${MOST_LINE} bytes`)
    const length = Math.min(READ_AT_ONCE, start)
    const { bytesRead, buffer } = await attempt(path, () => file.read(Buffer.alloc(length), 0, length, start - length))
    if (bytesRead !== length) throw new SealstoneError('OUTPUT_UNWRITABLE', `${path} changed while it was read`)
    start -= length
    tail = Buffer.concat([buffer, tail])
  }
  const record = end === -1 ? undefined : readLine(path, tail.subarray(before + 1, end), format)
  if (start + end + 1 < size) await attempt(path, () => file.truncate(start + end + 1))
  return record
}

function lastLineBreaks(bytes: Buffer): [last: number, before: number] {
  const last = bytes.lastIndexOf(NEWLINE)
  return [last, last > 0 ? bytes.lastIndexOf(NEWLINE, last - 1) : -1]
}

function readLine(path: string, line: Buffer, format: ExportFormat): RecordName {
  try {
    return readRecordName(parseStrictJson(line, { maxBytes: MOST_LINE, maxDepth: 16 }), format)
  } catch (cause) {
    const what = cause instanceof SealstoneError ? cause.message : String(cause)
    throw new SealstoneError('INPUT_INVALID', `${path}: ${what}`, { cause, hint: 'name the file and the format of the export that is to go on' })
  }
}

async function attempt<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const hint = code === 'EEXIST' ? { hint: 'add --resume to go on with it, or name another file' } : {}
    throw new SealstoneError('OUTPUT_UNWRITABLE', `${path} cannot be written (${code})`, { cause, ...hint })
  }
}

const NEWLINE = 0x0a
const READ_AT_ONCE = 65_536
/** A leaf is at most 65,535 bytes; each may need six in JSON, and OCSF holds it once more. */
const MOST_LINE = 1_048_576
const WRITE_AT_ONCE = 262_144
