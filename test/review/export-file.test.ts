/** A file that an export grows: whatever a crash left at its end, the next one goes on with the record after the last whole one. */
import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ExportFormat, exportRecord, openExportFile, recordName } from '#review'
import type { LogEntry } from '#tlog'
import { codeOf, intent } from '../audit/support.ts'
import { temporaryFolder } from '../support/sealstone.ts'
import { reviewedLog, type ReviewedLog } from './support.ts'

const folder = temporaryFolder()
const path = join(folder.path, 'log.jsonl')
let log: ReviewedLog
let entries: LogEntry[]

beforeAll(async () => {
  log = await reviewedLog()
  for (let count = 0; count < 40; count++) await log.audit.append(intent({ modelName: 'ü'.repeat(2000) })) // records of 4 kB, over the edges of reads
  entries = [...log.audit.entries()]
})
beforeEach(() => writeFileSync(path, ''))
afterAll(async () => {
  await log[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const line = (at: number, format: ExportFormat = 'jsonl'): string => JSON.stringify(exportRecord(entries[at] as LogEntry, format, 'log.example'))

async function resume(format: ExportFormat = 'jsonl') {
  await using file = await openExportFile(path, format, { resume: true, buffered: true })
  return file.last
}

describe('going on with a file', () => {
  it('begins anew with one that is empty, or that holds no whole record', async () => {
    expect(await resume()).toBeUndefined()
    writeFileSync(path, line(0).slice(0, 100))
    expect(await resume()).toBeUndefined()
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  it.each(['jsonl', 'ocsf'] as const)('as %s repairs an end that was cut anywhere, and the records are all there once', async (format) => {
    const whole = entries.map((_, at) => `${line(at, format)}\n`).join('')
    const lengths = Buffer.byteLength(whole)
    for (const keep of [1, 50, 70_000, 100_001, lengths - 1, lengths]) {
      writeFileSync(path, whole)
      truncateSync(path, Math.min(keep, lengths))
      await using file = await openExportFile(path, format, { resume: true, buffered: keep % 2 === 0 })
      const next = file.last === undefined ? 0 : Number(file.last.index) + 1
      expect(file.last).toEqual(next === 0 ? undefined : recordName(entries[next - 1] as LogEntry))
      for (let at = next; at < entries.length; at++) await file.write(line(at, format))
      await file.sync()
      expect(readFileSync(path, 'utf8')).toBe(whole)
    }
  })

  it('refuses a file of something else, and leaves it as it is', async () => {
    const strange = [
      'not json\nrest',
      '{"index":1}\n',
      '[1]\n',
      '\n',
      `${line(0, 'ocsf')}\ncut`,
      `${'x'.repeat(1_200_000)}\n`,
      `{"index":-1,"leafHash":"00"}\n`,
    ]
    for (const text of strange) {
      writeFileSync(path, text)
      await expect(codeOf(resume())).resolves.toMatch(/INPUT_INVALID|JSON_INVALID/)
      expect(readFileSync(path, 'utf8')).toBe(text)
    }
  })
})

describe('a file that is there', () => {
  it('is not written over without being asked to go on', async () => {
    appendFileSync(path, 'mine\n')
    await expect(codeOf(openExportFile(path, 'jsonl', { resume: false, buffered: true }))).resolves.toBe('OUTPUT_UNWRITABLE')
    expect(readFileSync(path, 'utf8')).toBe('mine\n')
  })

  it('is refused if it is no file', async () => {
    const directory = join(folder.path, 'directory')
    mkdirSync(directory)
    await expect(codeOf(openExportFile(directory, 'jsonl', { resume: true, buffered: true }))).resolves.toBe('OUTPUT_UNWRITABLE')
  })
})
