/** Looking at the log in a terminal: filters, following across a restart, what a terminal gets and a pipe does not. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, connect } from '#client'
import { manifestOf } from '../support/signing.ts'
import { initHome, LAUNCHER, run, type RunningDaemon, runOk, startDaemon } from '../support/sealstone.ts'
import { typeOnTerminal } from '../support/terminal.ts'

let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let client: Client

const sign = (modelName: string, key = 'default') => client.sign({ key, content: { kind: 'manifest', manifest: manifestOf(['a.bin'], modelName) } })

beforeAll(async () => {
  home = await initHome()
  daemon = await startDaemon(home.home)
  client = connect({ address: `unix:${daemon.socket}` })
  await sign('bert-base')
  await sign('bert-large')
  await sign('llama')
  await expect(sign('llama', 'nobody')).rejects.toMatchObject({ code: 'KEY_UNKNOWN' })
})
afterAll(async () => {
  await client.close()
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
})

const list = async (...args: string[]): Promise<Record<string, unknown>[]> => {
  const { stdout } = await runOk(['audit', 'list', '--json', ...args], home)
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('filters', () => {
  it('find a model by its name and by a pattern', async () => {
    expect((await list('--model', 'llama', '--kind', 'outcome')).map(({ result }) => result)).toEqual(['ok'])
    expect((await list('--model', 'bert-*', '--kind', 'outcome')).map(({ modelName }) => modelName)).toEqual(['bert-base', 'bert-large'])
    expect(await list('--model', 'bert')).toEqual([])
  })

  it('find the two leaves of an operation', async () => {
    const { operationId } = await sign('one-more')
    const found = await list('--operation-id', operationId)
    expect(found.map(({ kind, modelName }) => [kind, modelName])).toEqual([
      ['intent', 'one-more'],
      ['outcome', 'one-more'],
    ])
  })

  it('find a result', async () => {
    const all = await list()
    expect(await list('--result', 'ok')).toEqual(all.filter(({ result }) => result === 'ok'))
    expect(await list('--result', 'unknown')).toEqual([])
  })
})

describe('following', () => {
  it('shows what comes, goes on after a restart with the next entry, and ends with Ctrl-C', async () => {
    using follower = follow(['--json', '--follow', '--kind', 'outcome', '--limit', '1'])
    await follower.lines(1)
    await sign('while-following')
    await follower.lines(2)
    await daemon.stop()
    await expect.poll(() => follower.stderr()).toMatch(/waiting for it/)
    daemon = await startDaemon(home.home)
    await sign('after-the-restart')
    const lines = await follower.lines(3)
    const all = await list('--kind', 'outcome', '--limit', '3')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(all)
    expect(follower.stderr()).toMatch(/the daemon answers again/)
    follower.child.kill('SIGINT')
    expect(await follower.ended).toBe(130)
  })

  it('ends quietly when its reader goes away', async () => {
    using follower = follow(['--follow'])
    await follower.lines(1)
    follower.child.stdout?.destroy()
    // A pipe says that nobody reads when something is written.
    await sign('for-nobody')
    await sign('for-nobody')
    expect(await follower.ended).toBe(0)
    expect(follower.stderr()).toBe('')
  })

  it('does not wait for a daemon that never was there', async () => {
    const { code, stderr } = await run(['audit', 'list', '--follow', '--address', `unix:${join(home.home, 'none.sock')}`], home)
    expect(code).toBe(3)
    expect(stderr).toMatch(/^error: no daemon answers/)
  })
})

describe('a terminal', () => {
  it('gets lines that fit, and colours unless NO_COLOR says otherwise; a pipe gets neither', async () => {
    await sign(`a-model-with-a-long-name-${'x'.repeat(200)}`)
    const coloured = await inTerminal(70, 'env -u NO_COLOR -u CI')
    expect(coloured).toContain('\u001b[')
    const plain = await inTerminal(70, 'env NO_COLOR=1')
    expect(plain).not.toContain('\u001b')
    const lines = plain.split('\r\n').filter(Boolean)
    expect(lines.length).toBeGreaterThan(8)
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(70)
    expect(Math.max(...(await inTerminal(110, 'env NO_COLOR=1')).split('\r\n').map(({ length }) => length))).toBeLessThanOrEqual(110)
    const { stdout } = await runOk(['audit', 'list'], home)
    expect(stdout).toContain('x'.repeat(200))
  })
})

function follow(args: readonly string[]) {
  const child: ChildProcess = spawn(LAUNCHER, ['audit', 'list', ...args], {
    env: { ...process.env, NO_COLOR: '1', SEALSTONE_HOME: home.home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => void (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (stderr += text))
  const lines = (): string[] => stdout.split('\n').slice(0, -1)
  return {
    child,
    stderr: () => stderr,
    ended: new Promise<number | null>((resolve) => child.on('close', resolve)),
    lines: async (count: number) => {
      await expect.poll(() => lines().length).toBeGreaterThanOrEqual(count)
      return lines()
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}

async function inTerminal(columns: number, environment: string): Promise<string> {
  const command = `unset NO_COLOR; stty cols ${columns}; TERM=xterm-256color ${environment} ${LAUNCHER} audit list`
  return (await typeOnTerminal(['sh', '-c', command], { home: home.home })).text
}
