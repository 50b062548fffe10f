/** `audit diff`: which of two views of a log is ahead, or where two histories part. By the real command line. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { standaloneProof } from '#tlog'
import { run, type RunResult } from '../support/sealstone.ts'
import { softwareLog } from '../support/software-log.ts'
import { editLeaf, leavesOf, makeStage, ORIGIN, serveFolder, signLeaves, writeLogFiles } from './support.ts'

describe('two views of one log', () => {
  it('are the same, or one is ahead of the other: a mirror, a checkpoint, a receipt', async () => {
    const stage = makeStage()
    await stage.sign(3)
    const mirror = join(stage.path, 'mirror')
    writeLogFiles(mirror, await leavesOf(stage.published), readFileSync(join(stage.published, 'checkpoint'), 'utf8'))
    expect(await diff(stage.trust, stage.published, mirror)).toMatchObject({ code: 0, stdout: 'OK  both have the same 7 entries\n' })
    await stage.sign(2)
    const url = await serveFolder(stage.published)
    expect(await diff(stage.trust, mirror, url)).toMatchObject({ code: 0, stdout: `OK  ${url} is 4 entries ahead of ${mirror}, and continues it\n` })
    const receipt = join(stage.path, 'receipt.txt')
    await stage.use(async ({ audit }) => writeFileSync(receipt, standaloneProof(await audit.receipt(2n))))
    const same = await run(['audit', 'diff', receipt, stage.published, '--trust', stage.trust, '--json'])
    expect(JSON.parse(same.stdout)).toEqual({ a: receipt, b: stage.published, origin: ORIGIN, verdict: 'same', size: 11 })
    const kept = join(mirror, 'checkpoint')
    expect(await diff(stage.trust, kept, receipt)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/nothing shows whether .* continues[^]*hint: name the published log/),
    })
    expect((await diff(stage.trust, kept, stage.published)).code).toBe(0)
  })

  it('that were forked part at an entry, wherever it is', async () => {
    const stage = makeStage()
    await stage.sign(150)
    const leaves = await leavesOf(stage.published)
    for (const at of [0, 255, 256, 300]) {
      const other = leaves.with(at, editLeaf(leaves[at], { reason: 'another history' })).slice(0, 301 - (at % 2))
      const fork = join(stage.path, `fork-${at}`)
      writeLogFiles(fork, other, signLeaves(stage.log, other))
      const { code, stdout } = await run(['audit', 'diff', stage.published, fork, '--trust', stage.trust, '--json'])
      expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({
        code: 1,
        verdict: 'forked',
        first: { index: at, b: expect.stringContaining('another history') },
      })
    }
  })

  it('that were forked tell it by two checkpoints of one size alone', async () => {
    const log = softwareLog(ORIGIN)
    const [one, other] = [makeStage(log), makeStage(log)]
    await one.sign(2)
    await other.sign(2)
    const { code, stdout, stderr } = await diff(one.trust, join(one.published, 'checkpoint'), join(other.published, 'checkpoint'))
    expect(code).toBe(1)
    expect(stdout).toMatch(/^FORK {2}the log keys signed two histories/)
    expect(stderr).toMatch(/^error: .*\nhint: keep both: they are the proof/)
  })

  it('must be of one log, and signed by its keys', async () => {
    const [one, other] = [makeStage(), makeStage(softwareLog('log.example/others'))]
    await one.sign(1)
    await other.sign(1)
    expect(await diff(one.trust, one.published, other.published)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^OTHER .*of log\.example\/others\n$/),
    })
    const stranger = makeStage(softwareLog(ORIGIN))
    await stranger.sign(1)
    expect(await diff(one.trust, one.published, stranger.published)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('by a known log key'),
    })
  })
})

function diff(trust: string, a: string, b: string): Promise<RunResult> {
  return run(['audit', 'diff', a, b, '--trust', trust])
}
