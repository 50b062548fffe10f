/** What a server may offer can be changed, or taken back, while a gateway runs. */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import type { Approval } from '#gateway'
import { pinPath, writePin } from '#toolsets'
import { LAUNCHER, PROJECT, temporaryFolder } from '../support/sealstone.ts'
import { approve, fixture, RawHost, startGateway } from './support.ts'

describe('a gateway that runs', () => {
  it('holds the server to what is approved now', async () => {
    const [before, after] = [await approve(fixture()), await approve(fixture('description'))]
    let now: Approval = before
    await using gateway = startGateway(fixture('description'), {
      ...before,
      renew: () => Promise.resolve({ ...now, renew: () => Promise.resolve(now) }),
    })
    const host = new RawHost(gateway)
    await host.initialize()
    expect(await host.request(1, 'tools/list')).toMatchObject({ error: { data: { code: 'MCP_BLOCKED' } } })
    now = after
    await expect.poll(async () => (await host.request(Math.random(), 'tools/list')).result?.['tools'], { interval: 300 }).toHaveLength(2)
    expect(gateway.decisions.map(({ decision }) => decision)).toEqual(['blocked', 'allowed'])
  })

  it('refuses everything once nothing approves the server any more', async () => {
    const approval = await approve(fixture())
    let isRevoked = false
    const renew = (): Promise<Approval> =>
      isRevoked
        ? Promise.reject(new SealstoneError('VERIFICATION_FAILED', 'the manifest does not verify: key revoked'))
        : Promise.resolve({ ...approval, renew })
    await using gateway = startGateway(fixture(), { ...approval, renew })
    const host = new RawHost(gateway)
    await host.initialize()
    expect((await host.request(1, 'tools/list')).result?.['tools']).toHaveLength(2)
    isRevoked = true
    await expect
      .poll(async () => (await host.request(Math.random(), 'tools/list')).error, { interval: 300 })
      .toMatchObject({
        message: expect.stringContaining('not approved any more: the manifest does not verify: key revoked'),
        data: { code: 'MCP_UNAPPROVED' },
      })
    expect(await host.request(3, 'tools/call', { name: 'add', arguments: { a: 1, b: 2 } })).toMatchObject({
      error: { data: { code: 'MCP_UNAPPROVED' } },
    })
    expect(gateway.decisions.map(({ decision }) => decision)).toEqual(['allowed', 'blocked'])
  })
})

it('who the server says it is is not shown to a host that comes after nothing approved it any more', async () => {
  const approval = await approve(fixture())
  const latest = (): Approval => {
    throw new SealstoneError('VERIFICATION_FAILED', 'the manifest does not verify: key revoked')
  }
  await using gateway = startGateway(fixture(), { ...approval, latest })
  expect(await new RawHost(gateway).initialize()).toMatchObject({
    error: { message: expect.stringContaining('not approved any more: the manifest does not verify'), data: { code: 'MCP_UNAPPROVED' } },
  })
})

it('sealstone mcp gateway takes up that a pin was removed', async () => {
  using home = temporaryFolder()
  const target = fixture() as { command: string; args: readonly string[] }
  const pins = join(home.path, 'mcp', 'pins')
  const pinned = { command: target.command, args: target.args }
  const { offer } = await approve(target)
  await writePin(pins, { target: pinned, offer, approvedAt: '2026-11-28T00:00:00.000Z' })
  const child = spawn(LAUNCHER, ['mcp', 'gateway', '--', target.command, ...target.args], {
    cwd: PROJECT,
    env: { ...process.env, SEALSTONE_HOME: home.path },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const host = new RawHost({ input: child.stdin, output: child.stdout })
  await host.initialize()
  expect((await host.request(1, 'tools/list')).result?.['tools']).toHaveLength(2)
  rmSync(pinPath(pins, pinned))
  await expect.poll(async () => (await host.request(Math.random(), 'tools/list')).error?.data?.['code'], { interval: 300 }).toBe('MCP_UNAPPROVED')
  child.stdin.end()
})
