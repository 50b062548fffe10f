/** Publishing that dies or fails: whoever reads meets a checkpoint and all that it covers, before, meanwhile and after. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { databaseTiles } from '#audit'
import { toHex } from '#core'
import { publishLog } from '#publish'
import { openLog } from '../audit/support.ts'
import { runOnSmallDisk } from '../support/small-disk.ts'
import { softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { judge, lastEntries } from './support.ts'

const ROUNDS = 5
const seed = crypto.getRandomValues(new Uint8Array(32))
const log = softwareLog('log.example/published', seed)

/** Starts a publisher and kills it a random moment after it has published something. The last size that it told. */
async function publishAndKill(folder: string, directory: string): Promise<bigint> {
  const script = fileURLToPath(new URL('publish-until-killed.ts', import.meta.url))
  const child = spawn(process.execPath, [script, folder, directory, toHex(seed)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const exited = once(child, 'exit')
  while (!/published .*\n/.test(text)) {
    if (child.exitCode !== null) throw new Error(`the child ended with ${child.exitCode}: ${text}`)
    await pause(2)
  }
  await pause(Math.random() * 150)
  child.kill('SIGKILL')
  expect(await exited).toEqual([null, 'SIGKILL'])
  return BigInt(/published (\d+)\n(?!.*\n)/s.exec(text)?.[1] ?? 0)
}

it('killed at any moment, it leaves a checkpoint with all that it covers, and a reader who looks all the time meets nothing else', async () => {
  const [folder, directory] = [temporaryFolder(), temporaryFolder()]
  let told = 0n
  let over = false
  const sizes: number[] = []
  const reading = (async () => {
    while (!over) {
      if (told > 0n) sizes.push(await lastEntries(directory, log))
      await pause(1)
    }
  })()
  for (let round = 0; round < ROUNDS; round++) {
    told = await publishAndKill(folder, directory)
    // Before anybody mends anything: what was told to be published is, and perhaps more.
    expect(await judge(directory, log)).toBeGreaterThanOrEqual(told)
  }
  await expect.poll(() => sizes.length).toBeGreaterThan(20)
  over = true
  await reading
  expect(sizes).toEqual(sizes.toSorted((left, right) => left - right)) // never back

  await using again = await openLog(folder, log)
  await publishLog({ source: databaseTiles(again.db), directory })
  expect(await judge(directory, log)).toBe(again.audit.size())
})

it('to a disk that is full, it fails and changes nothing for readers, and goes on when there is space', () => {
  expect(runOnSmallDisk(new URL('fill-disk.ts', import.meta.url), 4)).toEqual({
    failures: Array(4).fill('OUTPUT_UNWRITABLE'),
    seenWhenFull: Array(4).fill(true),
    wentOnFrom: true,
    isWhole: true,
  })
})
