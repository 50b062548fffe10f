/** Directories are made as far as they are missing, and what cannot be made is an error and no endless try. */
import { lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeDirectories } from '#files'
import { temporaryFolder } from '../support/sealstone.ts'

it('makes what is missing, with the mode, and says which was the first', async () => {
  using folder = temporaryFolder()
  const deep = join(folder.path, 'a/b/c')
  expect(await makeDirectories(deep, 0o700)).toBe(join(folder.path, 'a'))
  for (const path of ['a', 'a/b', 'a/b/c']) expect(lstatSync(join(folder.path, path)).mode & 0o777).toBe(0o700)
  expect(await makeDirectories(deep, 0o700)).toBeUndefined()
  expect(await Promise.all([makeDirectories(join(folder.path, 'x/y'), 0o700), makeDirectories(join(folder.path, 'x/y'), 0o700)])).toHaveLength(2)
})

it('refuses a file in the way', async () => {
  using folder = temporaryFolder()
  mkdirSync(join(folder.path, 'a'))
  writeFileSync(join(folder.path, 'a/file'), '')
  await expect(makeDirectories(join(folder.path, 'a/file'), 0o700)).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(makeDirectories(join(folder.path, 'a/file/b'), 0o700)).rejects.toMatchObject({ code: 'ENOTDIR' })
})

it('ends where the place above is there and still takes no name', async () => {
  await expect(makeDirectories('/proc/no-such/name', 0o700)).rejects.toMatchObject({ code: 'ENOENT' })
})
