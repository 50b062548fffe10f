/** Writes `trust.json` of the state directory: the newest trust file for those who verify on this machine. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'

/** Whole or not at all: a reader meets the old file or the new one. Throws what the file system throws. */
export function publishTrustFile(path: string, document: Uint8Array): void {
  const temporary = `${path}.tmp`
  const file = openSync(temporary, 'w', 0o600)
  try {
    for (let at = 0; at < document.length; ) at += writeSync(file, document, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
}

/** A crash between the issue and the file, or somebody's edit, is mended at the next start. */
export function mendTrustFile(path: string, document: Uint8Array): void {
  if (!isSame(path, document)) publishTrustFile(path, document)
}

function isSame(path: string, document: Uint8Array): boolean {
  try {
    return readFileSync(path).equals(document)
  } catch {
    return false
  }
}
