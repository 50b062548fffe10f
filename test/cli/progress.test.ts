/** What a person sees while a model is hashed, on a terminal that `script` makes: one line, and for many files one more for each thread. */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { LAUNCHER, temporaryFolder } from '../support/sealstone.ts'

/** Sparse: no disk, and longer to hash than anybody waits here. */
function modelOf(path: string, names: readonly string[]): void {
  for (const name of names) {
    writeFileSync(join(path, name), '')
    truncateSync(join(path, name), 8 * 2 ** 30)
  }
}

/** What is drawn until `isEnough`; Ctrl-C comes from the terminal then. */
function drawnUntil(model: string, isEnough: (text: string) => boolean): Promise<{ text: string; code: number | null }> {
  const terminal = spawn('script', ['-qefc', `stty cols 160 rows 40; exec ${LAUNCHER} hash ${model}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let text = ''
  let isInterrupted = false
  return new Promise((resolve, reject) => {
    terminal.once('error', reject)
    terminal.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      if (isInterrupted || !isEnough(stripVTControlCharacters(text))) return
      isInterrupted = true
      terminal.stdin.write('\u0003')
    })
    terminal.once('close', (code) => resolve({ text: stripVTControlCharacters(text), code }))
  })
}

it('is one line with bytes, rate, time left and the file that is read', async () => {
  using folder = temporaryFolder()
  modelOf(folder.path, ['weights.bin'])
  const { text, code } = await drawnUntil(folder.path, (seen) =>
    /hashing \S+ \d+% .* of 8\.59 GB at [\d.]+ [MG]B\/s, \d+ (?:s|min) left {2}weights\.bin/.test(seen),
  )
  expect(code).toBe(130)
  expect(text).not.toMatch(/^\s+\d+% of/m)
})

it('shows for many files what each thread reads, and how far it is', async () => {
  using folder = temporaryFolder()
  modelOf(
    folder.path,
    Array.from({ length: 12 }, (_, at) => `shard-${at}.bin`),
  )
  const lane = /^\s+\d+% of 8\.59 GB {2}(shard-\d+\.bin)/gm
  const threads = Math.min(availableParallelism(), 8)
  const { text, code } = await drawnUntil(folder.path, (seen) => new Set([...seen.matchAll(lane)].map(([, name]) => name)).size >= threads)
  expect(code).toBe(130)
  expect(text).toMatch(/hashing \S+ 0% .* of 103 GB at .* left {2}0\/12/)
})
