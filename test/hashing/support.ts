/** A folder of its own for each test of this room, and a way to be a user who may not read everything. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ErrorCode } from '#core'
import { expect, onTestFinished } from 'vitest'

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-hashing-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A model called `model` with these files, in a fresh folder. */
export function modelOf(files: Readonly<Record<string, string>>): string {
  const root = join(temporaryFolder(), 'model')
  mkdirSync(root)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return root
}

/** Root may read everything, whatever the mode says, so root becomes `nobody` for the time of `action`. */
export async function unprivileged<Result>(root: string, action: () => Promise<Result>): Promise<Result> {
  if (process.getuid?.() !== 0) return action()
  chmodSync(dirname(root), 0o755)
  process.seteuid?.(65534)
  try {
    return await action()
  } finally {
    process.seteuid?.(0)
  }
}

/** The promise rejects with this code, and its message holds this text. */
export async function expectRefusal(promise: Promise<unknown>, code: ErrorCode, text: string): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: 'SealstoneError', code, message: expect.stringContaining(text) })
}
