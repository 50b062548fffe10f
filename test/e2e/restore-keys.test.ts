/** Keys are deleted underneath a daemon that goes on running, and come back from their recovery blobs over its socket, with the real command line. */
import { execFileSync } from 'node:child_process'
import { randomBytes, scryptSync } from 'node:crypto'
import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, connect, type RestoredKeyInfo } from '#client'
import { homeToken } from '../../src/daemon/token-location.ts'
import { eventually } from '../support/eventually.ts'
import { Intruder } from '../support/intruder.ts'
import { tinyModel } from '../support/models.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
const at = (...names: string[]): string => join(realpathSync(folder.path), ...names)
const identity = at('offline.txt')
const wrong = at('wrong.txt')
/** Exported before anything is lost: what judges every signature of this file. */
const trust = at('trust.json')
const verifier = { home: at('verifier') }
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let intruder: Intruder
let client: Client

beforeAll(async () => {
  for (const file of [identity, wrong]) execFileSync('age-keygen', ['-o', file], { stdio: 'pipe' })
  const recipient = execFileSync('age-keygen', ['-y', identity], { encoding: 'utf8' }).trim()
  home = await initHome(['--recovery-recipient', recipient])
  const config = join(home.home, 'config.toml')
  writeFileSync(config, readFileSync(config, 'utf8').replace('# canary_seconds = 30', 'canary_seconds = 1'))
  appendFileSync(config, '\n[[policy.allow]]\nidentity = "loopback"\noperations = ["sign", "keys.backup", "keys.read"]\nkeys = ["*"]\n')
  daemon = await startDaemon(home.home, { args: ['--insecure-loopback', '127.0.0.1:0'] })
  client = connect({ address: `unix:${daemon.socket}` })
  intruder = new Intruder({ location: homeToken(home.home) })
  intruder.login()
  await client.createKey({ name: 'token-only', notRecoverable: true })
  await client.createKey({ name: 'gone' })
  await client.compromiseKey({ name: 'gone', since: new Date('2026-01-01'), reason: 'a test' })
  await client.createKey({ name: 'other' })
  await runOk(['keys', 'export', '--trust', '-o', trust], home)
})
afterAll(async () => {
  await client?.close()
  await daemon?.[Symbol.asyncDispose]()
  home?.[Symbol.dispose]()
  folder[Symbol.dispose]()
})

let models = 0
async function signsAndVerifies(key: string): Promise<void> {
  const model = tinyModel(at(`model-${++models}`))
  await runOk(['sign', model, '--key', key], home)
  const { stdout } = await runOk(['verify', model, '--trust', trust], verifier)
  expect(stdout).toContain(`${key} (version 1)`)
}

const outcomes = (keys: readonly RestoredKeyInfo[]): string[] => keys.map(({ name, outcome }) => `${name ?? 'log'} ${outcome}`)

/** Both pairs of a version, as somebody with the PIN could. */
function loseKey(name: string): void {
  expect(intruder.destroyAll(`sealstone ${name} v1`), 'private and public half').toBe(2)
  expect(intruder.destroyAll(`sealstone ${name}.companion v1`)).toBe(2)
}

async function quarantined(name: string): Promise<void> {
  await eventually(async () => expect((await client.getKey(name)).quarantine).toMatch(/its test failed/))
}

function keyHosts(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/status`, 'utf8').includes(`\nPPid:\t${daemon.pid}\n`)
    } catch {
      return false
    }
  })
}

describe('a key that was deleted from the token underneath the daemon', () => {
  it('comes back with the same public key and out of its quarantine, while another one goes on signing', async () => {
    const before = await client.getKey('default')
    const processes = keyHosts()
    loseKey('default')
    await quarantined('default')
    expect((await run(['sign', tinyModel(at('none'))], home)).stderr).toMatch(/in quarantine/)

    const meanwhile = signsAndVerifies('other')
    const { stdout } = await runOk(['keys', 'restore', '--key', 'default', '--identity', identity, '--json'], home)
    await meanwhile
    expect(outcomes((JSON.parse(stdout) as { keys: RestoredKeyInfo[] }).keys)).toEqual(['log present', 'default restored'])

    const after = await client.getKey('default')
    expect(after.quarantine).toBeUndefined()
    expect(after).toMatchObject({ state: 'active', fingerprint: before.fingerprint, companion: { fingerprint: before.companion?.fingerprint } })
    await signsAndVerifies('default')
    expect(keyHosts(), 'the process that read the identity is gone').toEqual(processes)
  })

  it('is left as it is the second time', async () => {
    const objects = intruder.count()
    const { stdout } = await runOk(['keys', 'restore', '--key', 'default', '--key-version', '1', '--identity', identity], home)
    expect(stdout).toMatch(/in token {2}key default version 1: the token has it, so nothing was changed/)
    expect(intruder.count()).toBe(objects)
  })

  it('leaves nothing of its old self in the token where only half of it was lost', async () => {
    const objects = intruder.count()
    expect(intruder.destroyAll('sealstone other.companion v1')).toBe(2)
    expect(outcomes(await client.restoreKeys({ name: 'other', identityFile: identity }))).toEqual(['log present', 'other restored'])
    expect(intruder.count()).toBe(objects)
  })

  it('does not come back with the wrong identity: nothing changes, and the next step is said', async () => {
    loseKey('default')
    const objects = intruder.count()
    const refused = await run(['keys', 'restore', '--all', '--identity', wrong], home)
    expect(refused).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/does not open with this identity[\s\S]*name the identity of one of the recipients/),
    })
    expect(intruder.count()).toBe(objects)
    const found = await client.restoreKeys({ all: true, identityFile: identity })
    expect(outcomes(found)).toEqual(['log present', 'default restored', 'gone left', 'other present', 'token-only present'])
  })

  it('never comes back where it was compromised', async () => {
    loseKey('gone')
    await expect(client.restoreKeys({ name: 'gone', version: 1, identityFile: identity })).rejects.toMatchObject({
      code: 'KEY_STATE_REFUSED',
      message: expect.stringMatching(/key gone version 1 is not put back: it is compromised/),
    })
  })

  it('is told by name where it has no recovery blob, and why', async () => {
    loseKey('token-only')
    const args = ['keys', 'restore', '--key', 'token-only', '--identity', identity, '--json']
    const { stdout, stderr } = await runOk(args, { ...home, wantCode: 2 })
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({
      keys: [{}, { outcome: 'lost', detail: expect.stringMatching(/no recovery blob: it was made without/) }],
    })
    expect(stderr).toMatch(/still missing in the token: key token-only version 1[\s\S]*keys rotate/)
  })
})

describe('a token that was emptied', () => {
  it("gets the log's own keys back too, and all that can sign signs again", async () => {
    intruder.destroyAll()
    const { stdout, stderr, code } = await run(['keys', 'restore', '--all', '--identity', identity], home)
    expect(stdout).toMatch(/restored {2}the audit log's own keys[\s\S]*restored {2}key default version 1[\s\S]*lost {6}key token-only version 1/)
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/take it off this machine[\s\S]*still missing/) })
    for (const key of ['default', 'other']) await signsAndVerifies(key)
    expect(await client.createKey({ name: 'new' })).toMatchObject({ state: 'active' })
  })
})

describe('a caller', () => {
  it('without the right is refused although it may back up', async () => {
    const address = /127\.0\.0\.1:\d+/.exec(daemon.log())?.[0] ?? ''
    const refused = await run(['keys', 'restore', '--all', '--identity', identity, '--address', address], home)
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringMatching(/loopback may not keys.restore/) })
  })

  it.each<[what: string, path: () => string, code: string, says: RegExp]>([
    ['a relative path', () => 'offline.txt', 'INPUT_INVALID', /want a plain absolute path/],
    ['a way round', () => at('..', 'offline.txt').replace(/[^/]+$/, '../offline.txt'), 'INPUT_INVALID', /want a plain absolute path/],
    ['a star', () => at('*'), 'INPUT_INVALID', /want a plain absolute path/],
    ['a line break', () => `${at('a')}\nb`, 'INPUT_INVALID', /want a plain absolute path/],
    ['nothing', () => at('nothing'), 'FILE_UNREADABLE', /cannot be read \(ENOENT\)/],
    ['a folder', () => made('folder', (path) => mkdirSync(path)), 'FILE_UNREADABLE', /not a regular file/],
    ['a pipe', () => made('pipe', (path) => execFileSync('mkfifo', ['-m', '600', path])), 'FILE_UNREADABLE', /not a regular file/],
    ['a link', () => made('link', (path) => symlinkSync(identity, path)), 'FILE_UNREADABLE', /is a link/],
    [
      'a path through a link',
      () =>
        join(
          made('way', (path) => symlinkSync(at(), path)),
          'offline.txt',
        ),
      'FILE_UNREADABLE',
      /behind one/,
    ],
    [
      'what others can read',
      () => made('open', (path) => writeFileSync(path, readFileSync(identity), { mode: 0o600 }), 0o640),
      'FILE_UNREADABLE',
      /open to others/,
    ],
    ['too much', () => made('large', (path) => writeFileSync(path, Buffer.alloc(65_537), { mode: 0o600 })), 'INPUT_TOO_LARGE', /65537 bytes/],
    ['an empty path', () => '', 'INPUT_INVALID', /identity_file/],
  ])('who names %s gets no process to read it', async (_, path, code, says) => {
    const asked = client.restoreKeys({ all: true, identityFile: path() })
    await expect(asked).rejects.toMatchObject({ code, message: expect.stringMatching(says) })
  })

  it.each<[args: string[], says: RegExp]>([
    [[], /nothing is named/],
    [['--all'], /--identity is needed/],
    [['backup', '--all', '--identity', identity], /goes with neither/],
    [['--all', '--identity', identity, '--token', 'pkcs11:token=x'], /go with a backup folder/],
  ])('is told how to say it: %j', async (args, says) => {
    expect(await run(['keys', 'restore', ...args], home)).toMatchObject({ code: 2, stderr: expect.stringMatching(says) })
  })
})

it('a PIN that the token has refused is not sent again by the process that puts keys back, where only the state directory remembers it', async () => {
  const remembered = join(home.home, 'pin.refused')
  const salt = randomBytes(16)
  const serial = encodeURIComponent(homeToken(home.home).serial ?? '')
  writeFileSync(remembered, `${serial} ${salt.toString('hex')} ${scryptSync(intruder.pin, salt, 32).toString('hex')}\n`, { mode: 0o600 })
  const logins = (): number => daemon.log().split('"msg":"login attempt"').length - 1
  const before = logins()
  const asked = client.restoreKeys({ all: true, identityFile: identity })
  await expect(asked).rejects.toMatchObject({ code: 'TOKEN_PIN_REFUSED' })
  expect(logins()).toBe(before)
  rmSync(remembered)
})

it('the log tells who put back what, before and after; neither it nor the daemon says anything of an identity', async () => {
  const { stdout } = await runOk(['audit', 'list', '--json', '--limit', '1000'], home)
  const entries = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; operation: string; operationId: string; key?: string; errorCode?: string; reason?: string })
    .filter(({ operation }) => operation === 'keys.restore')
  const outcomesOf = entries.filter(({ kind }) => kind === 'outcome')
  for (const { operationId } of outcomesOf) expect(entries.some((entry) => entry.kind === 'intent' && entry.operationId === operationId)).toBe(true)
  expect(outcomesOf.filter(({ key, errorCode }) => key === 'default' && errorCode === undefined)).toHaveLength(3)
  expect(outcomesOf.filter(({ errorCode }) => errorCode === 'RECOVERY_INVALID')).toHaveLength(2) // of the call and of the version
  expect(stdout).toMatch(/the log's own keys were put back; 2 key versions were put back, 0 were in the token, 1 could not be put back, 1 were left/)
  expect(entries.filter(({ kind }) => kind === 'refused')).toHaveLength(1)
  expect(stdout + daemon.log()).not.toMatch(/AGE-SECRET-KEY/)
})

function made(name: string, make: (path: string) => unknown, mode?: number): string {
  const path = at(name)
  make(path)
  if (mode !== undefined) chmodSync(path, mode)
  return path
}
