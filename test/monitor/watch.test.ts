/** `audit watch`: what an honest log looks like to a monitor, and each thing that it tells of one that is not. By the real command line. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newOperationId } from '#core'
import { outcome } from '../audit/support.ts'
import { run, type RunResult } from '../support/sealstone.ts'
import { softwareLog } from '../support/software-log.ts'
import { editLeaf, leavesOf, makeStage, ORIGIN, signLeaves, type Stage, writeLogFiles } from './support.ts'

describe('an honest log', () => {
  it('is read as a whole in the first round, and then as far as it grew', async () => {
    const stage = makeStage()
    await stage.sign(2)
    const first = await look(stage)
    expect(first).toMatchObject({ code: 0, stdout: `OK  ${ORIGIN}: 5 entries, 5 of them new and in the signed tree\n` })
    expect(first.stderr).toContain('first look')
    await stage.sign(150) // over the end of a full tile
    expect(await look(stage)).toMatchObject({ code: 0, stderr: '', stdout: `OK  ${ORIGIN}: 305 entries, 300 of them new and in the signed tree\n` })
    expect(await look(stage)).toMatchObject({ code: 0, stderr: '', stdout: `OK  ${ORIGIN}: 305 entries, 0 of them new and in the signed tree\n` })
  })

  it('is watched without native code', async () => {
    const stage = makeStage()
    await stage.sign(1)
    expect((await run(watchLine(stage), { env: { NODE_OPTIONS: '--no-addons' } })).code).toBe(0)
  })

  it('is not believed under another state, damaged or of another log', async () => {
    const stage = makeStage()
    await stage.sign(1)
    await look(stage)
    const state = readFileSync(stateOf(stage), 'utf8')
    writeFileSync(stateOf(stage), state.slice(0, -20))
    expect(await look(stage)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('the state of the monitor is damaged') })
    writeFileSync(stateOf(stage), state.replaceAll(ORIGIN, 'log.example/others'))
    expect(await look(stage)).toMatchObject({ code: 2, stderr: expect.stringContaining('is of the log log.example/others') })
    const rekeyed = makeStage(softwareLog(ORIGIN))
    await rekeyed.sign(1)
    await look(rekeyed)
    writeFileSync(stateOf(rekeyed), state)
    expect(await look(rekeyed)).toMatchObject({ code: 2, stderr: expect.stringContaining('not by the log keys of the trust file') })
  })
})

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

describe('of the entries it tells', () => {
  it('a leaf that is not the signed one, and tiles that were changed with it', async () => {
    const stage = makeStage()
    await stage.sign(140)
    const leaves = await leavesOf(stage.published)
    const note = readFileSync(join(stage.published, 'checkpoint'), 'utf8')
    const changed = leaves.with(260, editLeaf(leaves[260], { modelName: 'other' }))
    writeLogFiles(stage.published, changed, note) // the tiles with it, the checkpoint as it was
    expect(await look(stage)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/critical entries-changed: entries \d+ to \d+ of .* are not those/),
    })
    expect(JSON.parse(readFileSync(stateOf(stage), 'utf8'))).not.toHaveProperty('checkpoint')
  })

  it('time that goes back, outcomes without intent and what it cannot read, each once', async () => {
    const stage = makeStage()
    await stage.sign(2)
    const leaves = await leavesOf(stage.published)
    const earlier = editLeaf(leaves[2], { time: '2020-01-01T00:00:00.000Z', operationId: newOperationId() })
    const forged = [...leaves, earlier, Buffer.from('{"version":2}')]
    writeLogFiles(stage.published, forged, signLeaves(stage.log, forged))
    const { code, stdout } = await look(stage)
    expect(code).toBe(1)
    expect(stdout.split('\n').map((line) => line.split(':')[0])).toEqual([
      'ALERT  critical time-backwards',
      'ALERT  critical outcome-without-intent',
      'ALERT  warning entry-unreadable',
      'OK  log.example/models',
      '',
    ])
    expect((await look(stage)).code).toBe(0)
  })

  it('an intent that nothing closed in time', async () => {
    const stage = makeStage()
    await stage.use(({ audit }) => audit.complete({ ...outcome(), kind: 'intent' }))
    expect((await look(stage)).code).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const overdue = [...watchLine(stage), '--intent-age', '1s']
    expect(await run(overdue)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/critical intent-open: the intent of entry 1, of .*, has no outcome/),
    })
    expect((await run(overdue)).code).toBe(0)
  })

  it('what rules ask for, of new entries, and with --history of the old ones too', async () => {
    const stage = makeStage()
    const rules = join(stage.path, 'rules.toml')
    writeFileSync(rules, '[[rule]]\nname = "by the registry"\nkind = "outcome"\ncaller = "spiffe://example.org/*"\n')
    await stage.sign(1)
    expect((await run([...watchLine(stage), '--rules', rules])).code).toBe(0)
    await stage.sign(1)
    const { code, stdout } = await run([...watchLine(stage), '--rules', rules, '--json'])
    expect(code).toBe(1)
    const [alert] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(alert).toMatchObject({
      event: 'alert',
      kind: 'rule',
      severity: 'warning',
      rule: 'by the registry',
      index: '4',
      entry: { kind: 'outcome' },
    })
    rmSync(stateOf(stage))
    const history = await run([...watchLine(stage), '--rules', rules, '--history'])
    expect(history.stdout.match(/^ALERT/gm)).toHaveLength(2)
    expect(await run([...watchLine(stage), '--rules', stage.trust])).toMatchObject({ code: 2, stderr: expect.stringContaining('not valid TOML') })
  })
})

function watchLine(stage: Stage, place = stage.published): string[] {
  return ['audit', 'watch', place, '--once', '--state', stateOf(stage), '--trust', stage.trust]
}

function look(stage: Stage, place?: string): Promise<RunResult> {
  return run(watchLine(stage, place))
}

function sizeOf(path: string): number {
  return Number(readFileSync(path, 'utf8').split('\n')[1])
}

function stateOf({ path }: Stage): string {
  return join(path, 'monitor/state.json')
}

function evidenceOf(stage: Stage): string {
  return join(dirname(stateOf(stage)), 'state.evidence')
}
