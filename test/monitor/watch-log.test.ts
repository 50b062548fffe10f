/** `audit watch`: what it tells of a log as a whole, by the real command line. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { outcome } from '../audit/support.ts'
import { run } from '../support/sealstone.ts'
import { softwareLog } from '../support/software-log.ts'
import { leavesOf, makeStage, ORIGIN, signLeaves, writeLogFiles, watchLine, look, evidenceOf, stateOf } from './support.ts'

describe('of the log as a whole it tells', () => {
  it('a fork, keeps both checkpoints and the proof, and believes the first for good', async () => {
    const log = softwareLog(ORIGIN)
    const [stage, other] = [makeStage(log), makeStage(log)]
    await stage.sign(2)
    await look(stage)
    await other.sign(4)
    const forked = await look(stage, other.published)
    expect(forked).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: an alert of log\.example\/models: .*was rewritten/) })
    expect(forked.stdout).toMatch(/^ALERT {2}critical fork: .*\n( +evidence: .*\n){3}$/)
    const evidence = readdirSync(evidenceOf(stage)).map((name) => join(evidenceOf(stage), name))
    expect(evidence.map((path) => path.replace(/^[^.]*.*?evidence.[0-9a-f]{16}/, '')).toSorted()).toEqual([
      '.checkpoint',
      '.checkpoint',
      '.fork.json',
    ])
    const again = await look(stage, other.published)
    expect(again).toMatchObject({ code: 1, stdout: '' }) // told before, and still so
    expect((await look(stage)).code).toBe(0)
  })

  it.each([
    [1, 'a power of two'],
    [2, 'another size'],
    [4, 'the same size'],
  ])('a fork that anybody can see from the evidence alone, after %d signings (%s)', async (signings) => {
    const log = softwareLog(ORIGIN)
    const [stage, other] = [makeStage(log), makeStage(log)]
    // 4 entries, 5 entries, or 9 as the other log has.
    await stage.use(async ({ audit }) => {
      if (signings === 1) await audit.complete({ ...outcome(), kind: 'refused', result: 'error' })
    })
    await stage.sign(signings)
    await other.sign(4)
    await look(stage)
    await look(stage, other.published)
    for (const folder of [stage, other]) rmSync(folder.published, { recursive: true })
    const files = readdirSync(evidenceOf(stage)).map((name) => join(evidenceOf(stage), name))
    const fork = files.find((path) => path.endsWith('.fork.json'))
    const checkpoints = files.filter((path) => path.endsWith('.checkpoint')).toSorted((left, right) => sizeOf(left) - sizeOf(right))
    expect(fork === undefined).toBe(signings === 4)
    const shown = await run(['audit', 'diff', checkpoints[0] ?? '', fork ?? checkpoints[1] ?? '', '--trust', stage.trust])
    expect(shown).toMatchObject({ code: 1, stdout: expect.stringMatching(/^FORK {2}the log keys signed two histories/) })
    if (fork === undefined) return
    // A proof that was tampered with shows nothing, and neither does a good one of an honest log.
    const document = JSON.parse(readFileSync(fork, 'utf8')) as { otherRoot: string }
    writeFileSync(fork, JSON.stringify({ ...document, otherRoot: Buffer.alloc(32).toString('base64') }))
    expect((await run(['audit', 'diff', checkpoints[0] ?? '', fork, '--trust', stage.trust])).code).toBe(2)
  })

  it('a rollback, and whether it may be an old copy', async () => {
    const stage = makeStage()
    await stage.sign(3)
    const leaves = await leavesOf(stage.published)
    await look(stage)
    writeLogFiles(stage.published, leaves.slice(0, 5), signLeaves(stage.log, leaves.slice(0, 5), 1_700_000_000n))
    expect(await look(stage)).toMatchObject({ code: 1, stdout: expect.stringMatching(/critical rollback: .* it had 7 .*an old copy/) })
    writeLogFiles(stage.published, leaves.slice(0, 5), signLeaves(stage.log, leaves.slice(0, 5), 4_000_000_000n))
    expect(await look(stage)).toMatchObject({ code: 1, stdout: expect.stringMatching(/its keys signed the smaller one later/) })
  })

  it('a checkpoint by other keys', async () => {
    const stage = makeStage()
    await stage.sign(1)
    await look(stage)
    const leaves = await leavesOf(stage.published)
    writeLogFiles(stage.published, leaves, signLeaves(softwareLog(ORIGIN), leaves))
    expect(await look(stage)).toMatchObject({ code: 1, stdout: expect.stringContaining('critical checkpoint-invalid') })
    writeFileSync(join(stage.published, 'checkpoint'), '<html>')
    expect(await look(stage)).toMatchObject({ code: 1, stdout: '' }) // told, and still so
    writeLogFiles(stage.published, leaves, signLeaves(stage.log, leaves))
    expect((await look(stage)).code).toBe(0)
    writeFileSync(join(stage.published, 'checkpoint'), '<html>')
    expect(await look(stage)).toMatchObject({ code: 1, stdout: expect.stringContaining('critical checkpoint-invalid') })
  })

  it('a part that it withholds', async () => {
    const stage = makeStage()
    await stage.sign(1)
    rmSync(join(stage.published, 'tile/entries'), { recursive: true })
    expect(await look(stage)).toMatchObject({ code: 1, stdout: expect.stringMatching(/critical part-missing: .*tile\/entries\/000\.p\/3/) })
  })

  it('that it signed nothing for longer than it may', async () => {
    const stage = makeStage()
    await stage.sign(1)
    const leaves = await leavesOf(stage.published)
    writeLogFiles(stage.published, leaves, signLeaves(stage.log, leaves, BigInt(Math.floor(Date.now() / 1000) - 7200)))
    expect((await look(stage)).code).toBe(0)
    const stale = await run([...watchLine(stage), '--max-age', '1h'])
    expect(stale).toMatchObject({ code: 1, stdout: expect.stringContaining('critical stale: log.example/models signed nothing since') })
  })

  it('that it is out of reach for longer than it may; before that only this round failed', async () => {
    const stage = makeStage()
    await stage.sign(1)
    await look(stage)
    renameSync(stage.published, `${stage.published}.gone`)
    expect(await look(stage)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('cannot be read (ENOENT)') })
    const state = JSON.parse(readFileSync(stateOf(stage), 'utf8')) as { reachedAt: string }
    writeFileSync(stateOf(stage), JSON.stringify({ ...state, reachedAt: new Date(Date.now() - 25 * 3_600_000).toISOString() }))
    expect(await look(stage)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('critical unreachable: log.example/models is out of reach since'),
    })
    renameSync(`${stage.published}.gone`, stage.published)
    expect((await look(stage)).code).toBe(0)
  })
})

function sizeOf(path: string): number {
  return Number(readFileSync(path, 'utf8').split('\n')[1])
}
