/** Last step of the verdict: the files on disk are the signed ones, all of them, and nothing else. */
import { toHex } from '#core'
import { type Manifest, rootDigest } from '#hashing'
import { compareFiles, type FileDifference, serializationFault } from './compare-files.ts'
import type { Documents } from './read-documents.ts'
import type { ModelStatement, OtherStatement } from './statement-reader.ts'
import type { VerdictBuilder } from './verdict.ts'
import type { VerifyModelRequest } from './verify-request.ts'

export function checkFiles({ manifest, ignoreUnsignedFiles = false }: VerifyModelRequest, { statement }: Documents, verdict: VerdictBuilder): void {
  if (manifest === undefined) return verdict.skip('files', 'no files were given to compare')
  if (statement.kind === 'other') return checkSubject(statement, manifest, verdict)
  checkResources(statement, manifest, ignoreUnsignedFiles, verdict)
}

function checkResources(statement: ModelStatement, manifest: Manifest, ignoreUnsignedFiles: boolean, verdict: VerdictBuilder): void {
  const fault = serializationFault(statement.serialization, manifest.serialization)
  if (fault !== undefined) return verdict.fail('files', fault)
  const { differences, ignored } = compareFiles(statement, manifest, ignoreUnsignedFiles)
  verdict.differences = differences
  if (ignored.length > 0) verdict.warnings.push(`${count(ignored.length, 'file')} not signed and ignored: ${list(ignored)}`)
  if (differences.length > 0) return verdict.fail('files', summarise(differences))
  const { length } = statement.resources
  verdict.pass('files', statement.serialization.method === 'files' ? `${count(length, 'file')} as signed` : `${count(length, 'shard')} as signed`)
}

/** Statements about a model name it by its root digest. */
function checkSubject({ subjects }: OtherStatement, manifest: Manifest, verdict: VerdictBuilder): void {
  const digest = toHex(rootDigest(manifest.resources))
  if (subjects.some(({ sha256 }) => sha256 === digest)) verdict.pass('files', `the model has the digest that the statement names: sha256:${digest}`)
  else
    verdict.fail('files', `the model has the digest sha256:${digest}, the statement names ${list(subjects.map(({ sha256 }) => `sha256:${sha256}`))}`)
}

function summarise(differences: readonly FileDifference[]): string {
  const kinds = ['changed', 'missing', 'extra'] as const
  const counts = kinds.map((kind) => [kind, differences.filter((difference) => difference.kind === kind).length] as const)
  return counts
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => `${number} ${kind}`)
    .join(', ')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function list(names: readonly string[]): string {
  const shown = names
    .slice(0, 3)
    .map((name) => JSON.stringify(name))
    .join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}
