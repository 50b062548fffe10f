/** `audit watch`: what an honest log looks like to a monitor, and what it tells of the entries of one that is not. By the real command line. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newOperationId } from '#core'
import { outcome } from '../audit/support.ts'
import { run } from '../support/sealstone.ts'
import { softwareLog } from '../support/software-log.ts'
import { editLeaf, leavesOf, makeStage, ORIGIN, signLeaves, writeLogFiles, watchLine, look, stateOf } from './support.ts'

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
