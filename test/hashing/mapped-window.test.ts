/** Hashing files where they lie in memory: one that is cut meanwhile is an error and never ends the process. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { ADDON_OUTCOME } from '../../src/hashing/hash-addon.ts'
import { temporaryFolder } from './support.ts'

let check: string

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-mapped-window-'))
  check = join(folder, 'check')
  const flags = ['-std=c11', '-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread']
  execFileSync('cc', [...flags, join(import.meta.dirname, 'mapped-window-check.c'), '-o', check])
  return () => rmSync(folder, { recursive: true, force: true })
})

it.each([
  ['shows a file through a window that moves along', 'shows', 0],
  ['goes on with zeros where the file was cut under the window, and says so', 'cut', 0],
  ['has 256 windows at once, and reads beyond', 'too many', 0],
  ['maps nothing once another has put its handler in the place of the guard', 'replaced', 0],
  ["leaves a fault elsewhere to the handler that was there before: one that takes the fault's record", 'foreign, with information', 42],
  ['leaves a fault elsewhere to the handler that was there before: one that takes its number', 'foreign, with the number', 43],
  ['lets a fault elsewhere end the process as it would without the guard', 'foreign', 'SIGBUS'],
  ['ends with a signal that was sent to it', 'sent', 'SIGBUS'],
  ['ignores a signal that was sent to it where it was ignored before', 'sent, ignored', 0],
])('%s', (_, name, end) => {
  const { status, signal, stderr } = spawnSync(check, [name, join(temporaryFolder(), 'file.bin')], { encoding: 'utf8' })
  expect([stderr, signal ?? status]).toEqual(['', end])
})

// What is cut away lies in memory and is mapped; what follows is a hole, so that no round is over before the cut.
it.each([
  ['sha256', 1],
  ['blake3', 2],
] as const)('ends early and not with its process, however often a file is cut while it is hashed: %s', (hashType, threads) => {
  const program = `
    import { closeSync, openSync, truncateSync, writeFileSync } from 'node:fs'
    import { ADDON_ALGORITHM, loadHashAddon } from ${JSON.stringify(resolve(import.meta.dirname, '../../src/hashing/hash-addon.ts'))}
    const [path, bytes, outcomes] = [${JSON.stringify(join(temporaryFolder(), 'weights.bin'))}, Buffer.alloc(32 * 1024 ** 2, 7), []]
    for (let round = 0; round < ${ROUNDS}; round++) {
      writeFileSync(path, bytes)
      truncateSync(path, 2 ** 40)
      const shared = new BigInt64Array(new SharedArrayBuffer(16))
      const files = Array.from({ length: ${threads} }, () => openSync(path, 'r'))
      const hashing = loadHashAddon('${hashType}').hashRange(ADDON_ALGORITHM.${hashType}, files, 0, 2 ** 40, shared)
      while (Atomics.load(shared, 0) < (bytes.length * round) / ${ROUNDS}) {}
      truncateSync(path, 3)
      outcomes.push(await hashing)
      for (const file of files) closeSync(file)
    }
    console.log(JSON.stringify(outcomes))`
  const said = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(JSON.parse(said)).toEqual(Array.from({ length: ROUNDS }, () => ADDON_OUTCOME.endedEarly))
})

const ROUNDS = 20
