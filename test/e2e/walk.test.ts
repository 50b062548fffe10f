/** The walk of the product: set up, serve, sign, verify offline, catch tampering, read the audit trail and check its receipt. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyModel } from '../support/models.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

describe('the walk', () => {
  let home: Awaited<ReturnType<typeof initHome>>
  let daemon: RunningDaemon
  const folder = temporaryFolder()
  const model = join(folder.path, 'model')

  beforeAll(async () => {
    home = await initHome([])
    daemon = await startDaemon(home.home)
    tinyModel(model)
    await runOk(['sign', model], home)
  })
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]()
    home[Symbol.dispose]()
    folder[Symbol.dispose]()
  })

  it('keeps its state and socket to the user alone', () => {
    expect(statSync(home.home).mode & 0o777).toBe(0o700)
    expect(statSync(daemon.socket).mode & 0o777).toBe(0o600)
    for (const name of ['secrets/user.pin', 'secrets/so.pin', 'sealstone.db', 'config.toml']) {
      expect(statSync(join(home.home, name)).mode & 0o077, name).toBe(0)
    }
  })

  it('writes both signatures over the same payload', () => {
    const payload = (name: string): string => {
      const document = JSON.parse(readFileSync(join(model, name), 'utf8'))
      return (document.bundle ?? document).dsseEnvelope.payload
    }
    expect(payload('model.hybrid.sig')).toBe(payload('model.sig'))
  })

  it('verifies offline, also when the daemon is not asked', async () => {
    const result = await runOk(['verify', model, '--json'], home)
    const verdict = JSON.parse(result.stdout)
    expect(verdict.ok).toBe(true)
    const status = Object.fromEntries(verdict.checks.map((check: { name: string; status: string }) => [check.name, check.status]))
    expect(status).toMatchObject({ 'hybrid-signature': 'passed', 'companion-signature': 'passed', files: 'passed', 'audit-receipt': 'passed' })
  })

  it('verifies with the exported trust file in another state directory', async () => {
    const trust = join(folder.path, 'trust.json')
    await runOk(['keys', 'export', '--trust', '-o', trust], home)
    await runOk(['verify', model, '--trust', trust])
  })

  it('names every changed, missing and extra file, and exits 1', async () => {
    using copy = temporaryFolder()
    const other = tinyModel(join(copy.path, 'model'))
    for (const name of ['model.sig', 'model.hybrid.sig']) writeFileSync(join(other, name), readFileSync(join(model, name)))
    await runOk(['verify', other], home)
    writeFileSync(join(other, 'weights/a.bin'), 'AAAB')
    writeFileSync(join(other, 'weights/c.bin'), 'new')
    writeFileSync(join(other, 'config.json'), '{"layers":3}\n')
    const result = await run(['verify', other], home)
    expect(result.code).toBe(1)
    for (const name of ['weights/a.bin', 'weights/c.bin', 'config.json']) expect(result.stdout + result.stderr).toContain(name)
    const json = JSON.parse((await run(['verify', other, '--json'], home)).stdout)
    expect(json.ok).toBe(false)
    expect(json.differences.map((difference: { name: string; kind: string }) => [difference.name, difference.kind]).sort()).toEqual([
      ['config.json', 'changed'],
      ['weights/a.bin', 'changed'],
      ['weights/c.bin', 'extra'],
    ])
  })

  it('logs an intent and an outcome with the same operation id, and gives a receipt that anybody can check', async () => {
    const lines = (await runOk(['audit', 'list', '--json'], home)).stdout.trim().split('\n')
    const entries = lines.map((line) => JSON.parse(line))
    const intent = entries.find((entry) => entry.kind === 'intent' && entry.operation === 'sign')
    const outcome = entries.find((entry) => entry.kind === 'outcome' && entry.operationId === intent.operationId)
    expect(intent).toMatchObject({ operation: 'sign', key: 'default', modelName: 'model', caller: 'local' })
    expect(outcome).toMatchObject({ operationId: intent.operationId, result: 'ok' })
    expect(outcome.signatures).toHaveLength(2)
    const receipt = (await runOk(['audit', 'receipt', String(outcome.index)], home)).stdout
    expect(receipt).toMatch(/^c2sp\.org\/tlog-proof@v1\nextra \S+\nindex \d+\n/)
  })

  it('refuses a model whose hybrid signature was stripped, and says so; the way down is explicit', async () => {
    using copy = temporaryFolder()
    const other = tinyModel(join(copy.path, 'model'))
    writeFileSync(join(other, 'model.sig'), readFileSync(join(model, 'model.sig')))
    const stripped = await run(['verify', other], home)
    expect(stripped.code).toBe(1)
    expect(stripped.stdout + stripped.stderr).toMatch(/stripped|missing/)
    const down = await runOk(['verify', other, '--require', 'classical'], home)
    expect(down.stdout + down.stderr).toMatch(/classical/)
  })

  it('refuses a second init and says what is there', async () => {
    const again = await run(['init'], home)
    expect(again.code).toBe(2)
    expect(again.stderr).toMatch(/error: .*config\.toml/)
    expect(existsSync(join(home.home, 'config.toml'))).toBe(true)
  })

  it('refuses a second daemon on the same state directory', async () => {
    const second = await run(['serve'], home)
    expect(second.code).toBe(3)
    expect(second.stderr).toMatch(/error: .*locked by another process\nhint: stop the other one first/)
  })

  it('starts again after a clean stop with the same log and keys', async () => {
    const before = (await runOk(['audit', 'list', '--json'], home)).stdout.trim().split('\n')
    expect(await daemon.stop()).toBe(0)
    daemon = await startDaemon(home.home)
    const after = (await runOk(['audit', 'list', '--json'], home)).stdout.trim().split('\n')
    expect(after.slice(0, before.length)).toEqual(before)
    await runOk(['sign', model], home)
    await runOk(['verify', model], home)
  })
})
