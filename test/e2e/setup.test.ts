/** Setting up: other suites, a token that is not ours, what doctor sees, and what happens when the set-up cannot finish. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { formatTokenUri } from '#keyhost'
import { tinyModel } from '../support/models.ts'
import { initHome, LAUNCHER, run, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'
import { makeToken } from '../support/softhsm.ts'

describe('init', () => {
  it('uses a token that was there before, with the environment its module needs, and the daemon signs with it', async () => {
    using token = await makeToken('vault')
    using folder = temporaryFolder()
    const home = join(folder.path, 'home')
    const variable = `SOFTHSM2_CONF=${token.location.env?.['SOFTHSM2_CONF']}`
    await runOk(['init', '--token', formatTokenUri(token.location), '--token-env', variable], { home })
    expect(existsSync(join(home, 'token'))).toBe(false)
    const daemon = await startDaemon(home)
    const model = tinyModel(join(folder.path, 'model'))
    await runOk(['sign', model], { home })
    await runOk(['verify', model], { home })
    expect(await daemon.stop()).toBe(0)
  })

  it('says which token it looked for when it is not there, and leaves nothing behind', async () => {
    using token = await makeToken('vault')
    using folder = temporaryFolder()
    const home = join(folder.path, 'home')
    const uri = formatTokenUri(token.location).replace('token=vault', 'token=vaut')
    const result = await run(['init', '--token', uri, '--token-env', `SOFTHSM2_CONF=${token.location.env?.['SOFTHSM2_CONF']}`], { home })
    expect(result.code).toBe(3)
    expect(result.stderr).toMatch(/error: .*vaut/)
    expect(result.stderr).toContain('vault')
    expect(readdirSync(home)).toEqual([])
  })

  it('ends where no directory can be made, also where the system makes none without saying why', async () => {
    const result = await run(['init'], { home: '/proc/sealstone/home' })
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/error: the state directory \/proc\/sealstone\/home cannot be made \(ENOENT\)\nhint: /)
    const witness = await run(['audit', 'witness', 'init', '--name', 'w.example/w1', '--directory', '/proc/sealstone/witness'])
    expect(witness.code).toBe(2)
    expect(witness.stderr).toMatch(/error: the directory \/proc\/sealstone\/witness cannot be made \(ENOENT\)\nhint: /)
  })

  it('of a witness makes nothing for a name that cannot be one', async () => {
    using folder = temporaryFolder()
    const directory = join(folder.path, 'witness')
    const { code, stderr } = await run(['audit', 'witness', 'init', '--name', 'bad name', '--directory', directory])
    expect(code).toBe(2)
    expect(stderr).toBe('error: the name has spaces, quotes or a plus sign\nhint: name it like witness.example/w1\n')
    expect(existsSync(directory)).toBe(false)
  })

  it.each([
    ['an unknown suite', ['--suite', 'mldsa65-ecdsa-p257'], /hint: .*mldsa65-ecdsa-p256/],
    ['a suite that only verifies', ['--suite', 'slhdsa-sha2-128s'], /error: /],
    ['a bad key name', ['--key', 'No Spaces'], /error: .*No Spaces/],
    ['a log origin with spaces', ['--log-origin', 'a b'], /error: log origin/],
    ['a PIN in the URI', ['--token', 'pkcs11:token=a?module-path=/x.so&pin-value=1234'], /hint: .*pin-source/],
    ['an environment without a token', ['--token-env', 'A=b'], /error: --token-env is for a token/],
    ['an environment without a value', ['--token', 'pkcs11:token=a?module-path=/x.so&pin-source=file:/p', '--token-env', 'A'], /want NAME=VALUE/],
  ])('refuses %s as bad input', async (_, args, message) => {
    using folder = temporaryFolder()
    const home = join(folder.path, 'home')
    const result = await run(['init', ...args], { home })
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(message)
    expect(result.stderr).not.toContain('1234')
    expect(existsSync(home) ? readdirSync(home) : []).toEqual([])
  })
})

describe('doctor', () => {
  it('finds nothing wrong with a new state directory, with and without a daemon', async () => {
    using home = await initHome([])
    const before = JSON.parse((await runOk(['doctor', '--json'], home)).stdout)
    expect(before.checks.map(({ status }: { status: string }) => status)).toEqual(before.checks.map(() => 'ok'))
    expect(before.checks.at(-1)).toMatchObject({ name: 'audit log', detail: expect.stringMatching(/^5 entries/) })
    const daemon = await startDaemon(home.home)
    const during = await runOk(['doctor'], home)
    expect(during.stdout).toMatch(/daemon +running/)
    expect(await daemon.stop()).toBe(0)
  })

  it('says what is wrong and what to do', async () => {
    using home = await initHome()
    rmSync(join(home.home, 'secrets/user.pin'))
    const result = await run(['doctor'], home)
    expect(result.code).toBe(3)
    expect(result.stdout).toMatch(/fail +pin file .*user\.pin\n +hint: /)
  })

  it('starts a key host also where core dumps are off and may not be set otherwise, as under a service manager', async () => {
    using home = await initHome()
    const noCoreDumps = ['-c', 'ulimit -c 0; exec "$@"', 'sh']
    const withoutRaising = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-sys_resource', '--inh-caps=-sys_resource'] : []
    const { stdout } = await promisify(execFile)('sh', [...noCoreDumps, ...withoutRaising, LAUNCHER, 'doctor'], {
      env: { ...process.env, SEALSTONE_HOME: home.home },
    })
    expect(stdout).toMatch(/^ok +keys /m)
  })

  it('sees that the log was changed', async () => {
    using home = await initHome()
    const path = join(home.home, 'sealstone.db')
    const bytes = readFileSync(path)
    const at = bytes.indexOf('"operation":"keys.create"')
    expect(at).toBeGreaterThan(0)
    bytes.write('"operation":"keys.crEate"', at)
    writeFileSync(path, bytes)
    const result = await run(['doctor', '--json'], home)
    expect(result.code).toBe(3)
    expect(JSON.parse(result.stdout).checks.at(-1)).toMatchObject({ name: 'audit log', status: 'fail' })
    expect((await run(['serve'], home)).code).toBe(3)
  })
})
