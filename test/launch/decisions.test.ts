/** What `sealstone run` allowed and blocked is in the audit log of a real daemon, with the digest that was signed. */
import { appendFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tinyModel } from '../support/models.ts'
import { initHome, type RunningDaemon, run, runOk, startDaemon } from '../support/sealstone.ts'

let state: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let [home, model, root] = ['', '', '']

beforeAll(async () => {
  state = await initHome()
  home = state.home
  daemon = await startDaemon(home)
  model = tinyModel(join(home, '../model'))
  root = (JSON.parse((await runOk(['sign', model, '--json'], { home })).stdout) as { root: string }).root
})
afterAll(async () => {
  await daemon.stop()
  state[Symbol.dispose]()
})

it('writes down what was allowed and what was blocked, with the root digest', async () => {
  await runOk(['run', '--model', model, '--', 'true'], { home })
  const bad = join(home, '../bad')
  cpSync(model, bad, { recursive: true })
  appendFileSync(join(bad, 'config.json'), 'x')
  await runOk(['run', '--model', bad, '--', 'true'], { home, wantCode: 1 })
  const swap = 'printf EVIL >"$1/weights/a.bin"'
  const changed = join(home, '../changed')
  cpSync(model, changed, { recursive: true })
  await runOk(['run', '--model', changed, '--guard', 'descriptors', '--', 'sh', '-c', swap, 'sh', changed], { home, wantCode: 1 })
  const entries = (await runOk(['audit', 'list', '--json', '--kind', 'decision'], { home })).stdout
  const leaves = entries
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(leaves).toMatchObject([
    { operation: 'model.run', decision: 'allowed', modelName: 'model', modelDigest: root, reason: expect.stringMatching(/^guard \w+, for true$/) },
    { operation: 'model.run', decision: 'blocked', modelName: 'bad', reason: 'it does not verify' },
    { operation: 'model.run', decision: 'allowed', modelName: 'changed', modelDigest: root },
    {
      operation: 'model.run',
      decision: 'blocked',
      modelName: 'changed',
      modelDigest: root,
      reason: expect.stringMatching(/^weights\/a\.bin changed after it was verified: /),
    },
  ])
})

it('starts nothing without the log where the log is demanded, and warns where it is not', async () => {
  const args = ['--model', model, '--address', 'unix:/dev/null/none', '--', 'echo', 'started']
  const demanded = await run(['run', '--require-log', ...args], { home })
  expect(demanded).toMatchObject({ code: 3, stdout: '' })
  expect(demanded.stderr).toMatch(/\nerror: .*\nhint: /)
  const warned = await run(['run', ...args], { home })
  expect(warned).toMatchObject({ code: 0, stdout: 'started\n', stderr: expect.stringContaining('warning: the audit log does not know of this: ') })
  await runOk(['run', '--require-log', '--model', model, '--', 'true'], { home })
})
