/** Output files are the old ones or the new ones. */
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { removeStaleTemporaries, writeFiles } from '#files'
import { temporaryFolder } from '../support/sealstone.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('writeFiles', () => {
  it('replaces all files and leaves nothing else behind', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'a'), 'old')
    await writeFiles([
      { path: join(folder.path, 'a'), bytes: bytes('new a') },
      { path: join(folder.path, 'b'), bytes: bytes('new b') },
    ])
    expect(readdirSync(folder.path).sort()).toEqual(['a', 'b'])
    expect(readFileSync(join(folder.path, 'a'), 'utf8')).toBe('new a')
  })

  it('removes a file that has no new content', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'a'), 'old')
    await writeFiles([
      { path: join(folder.path, 'a'), bytes: undefined },
      { path: join(folder.path, 'missing'), bytes: undefined },
    ])
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('changes no file when one of them cannot be written', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'a'), 'old')
    const failing = writeFiles([
      { path: join(folder.path, 'a'), bytes: bytes('new') },
      { path: join(folder.path, 'no-such-folder', 'b'), bytes: bytes('new') },
    ])
    await expect(failing).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' })
    expect(readdirSync(folder.path)).toEqual(['a'])
    expect(readFileSync(join(folder.path, 'a'), 'utf8')).toBe('old')
  })

  it('changes no file when a folder stands in the way of one of them', async () => {
    using folder = temporaryFolder()
    mkdirSync(join(folder.path, 'model.sig'))
    const failing = writeFiles([
      { path: join(folder.path, 'model.hybrid.sig'), bytes: bytes('x') },
      { path: join(folder.path, 'model.sig'), bytes: bytes('x') },
    ])
    await expect(failing).rejects.toThrow(/model\.sig is a directory, want a file/)
    expect(readdirSync(folder.path)).toEqual(['model.sig'])
  })
})

it('removes what a killed writer left, but nothing younger and nothing of others', async () => {
  using folder = temporaryFolder()
  const names = ['.model.sig.00112233aabb.tmp', '.model.sig.00112233aacc.tmp', '.model.sig.backup.tmp', 'xmodel.sig.00112233aabb.tmp']
  const old = new Date(Date.now() - 3_600_000)
  for (const name of names) {
    writeFileSync(join(folder.path, name), '')
    if (!name.includes('cc')) utimesSync(join(folder.path, name), old, old)
  }
  await removeStaleTemporaries([join(folder.path, 'model.sig')])
  expect(readdirSync(folder.path).sort()).toEqual(names.slice(1).sort())
})
