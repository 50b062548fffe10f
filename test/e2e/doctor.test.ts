/** sealstone doctor as an operator runs it: what it says, beside a daemon that signs, of a token that fails, and what it never says. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { formatTokenUri } from '#keyhost'
import { type FaultyToken, makeFaultyToken } from '../support/fault-module.ts'
import { tinyModel } from '../support/models.ts'
import { initHome, run, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'

describe('doctor', () => {
  it('prints what the token does, what follows and no secret, and no path of the state directory', async () => {
    using home = await initHome([])
    const secrets = ['user.pin', 'so.pin'].map((name) => readFileSync(join(home.home, 'secrets', name), 'utf8').trim())
    const text = await runOk(['doctor'], home)
    expect(text.stdout).toMatch(/^works +sign ecdsa-p256 +\d+\.\d{3} ms +signs, verified in software$/m)
    expect(text.stdout).toMatch(/^not there +sign ml-dsa-65 /m)
    expect(text.stdout).toMatch(/^ok +blake3 +native, every core inside one file$/m)
    expect(text.stdout).toMatch(/^sealing +aes-256-gcm$/m)
    expect(text.stdout).toMatch(/^protection +token \(the token is SoftHSM v2/m)
    const json = await runOk(['doctor', '--json'], home)
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: true,
      system: { node: process.versions.node, limits: { openFiles: expect.any(String) }, configuration: expect.stringMatching(/^[0-9a-f]{64}$/) },
      token: { model: 'SoftHSM v2' },
      choice: {
        sealing: { method: 'aes-256-gcm', works: true, quantumSafe: true },
        protection: { level: 'token' },
        suites: expect.arrayContaining([
          {
            suite: 'mldsa65-ecdsa-p256',
            possible: true,
            halves: [
              { role: 'ml-dsa', location: 'sealed', works: true },
              { role: 'classical', location: 'token', works: true },
              { role: 'companion', location: 'token', works: true },
            ],
          },
        ]),
      },
      fix: [],
    })
    for (const said of [text.stdout, text.stderr, json.stdout, json.stderr])
      for (const secret of [...secrets, home.home]) expect(said).not.toContain(secret)
  })

  it('with --quick tries nothing', async () => {
    using home = await initHome()
    const report = JSON.parse((await runOk(['doctor', '--quick', '--json'], home)).stdout)
    expect(Object.keys(report)).toEqual(['ok', 'system', 'checks', 'token', 'fix'])
  })

  it('does not disturb a daemon: signing goes on', async () => {
    using home = await initHome()
    using folder = temporaryFolder()
    await using daemon = await startDaemon(home.home)
    const models = Array.from({ length: 5 }, (_, round) => tinyModel(join(folder.path, `model-${round}`)))
    const doctors = Promise.all([run(['doctor'], home), run(['doctor'], home)])
    for (const model of models) await runOk(['sign', model], home)
    // One at a time: of two that meet, the other one says so.
    const codes = (await doctors).map(({ code, stdout }) => (code === 0 ? 0 : /another doctor is trying this token/.test(stdout) ? 'waits' : stdout))
    expect(codes).toContain(0)
    for (const code of codes) expect([0, 'waits']).toContain(code)
    for (const model of models) await runOk(['verify', model], home)
    expect(daemon.log()).not.toMatch(/key host is gone|"level":"error"/)
  })

  it('exits 3 for a token whose signatures are wrong, says which and what to do', async () => {
    using token = await makeFaultyToken('sick')
    using home = await homeWith(token)
    token.inject({ fn: 'C_Encrypt', action: { return: 0x30 }, times: 'always' })
    const { code, stdout } = await run(['doctor'], home)
    expect(code).toBe(3)
    expect(stdout).toMatch(/^FAILS +seal aes-256-gcm .*CKR_DEVICE_ERROR$/m)
    expect(stdout).toMatch(/^sealing +aes-256-gcm, which fails$/m)
    expect(stdout).toMatch(/^mldsa65-ecdsa-p256 +NOT POSSIBLE: ml-dsa sealed by it \(fails\)/m)
    expect(stdout).toMatch(/What to fix\n(?:.*\n)*seal aes-256-gcm: .*\n +class module in docs\/pkcs11-errors\.md/)
  })

  it('sends no PIN at all after the token refused one', async () => {
    using token = await makeFaultyToken('refused')
    using home = await homeWith(token)
    token.inject({ fn: 'C_Login', action: { return: 0xa0 }, times: 'always' }) // CKR_PIN_INCORRECT
    expect((await run(['doctor'], home)).code).toBe(3)
    const sent = token.calls('C_Login')
    const { code, stdout } = await run(['doctor'], home)
    expect([code, token.calls('C_Login')]).toEqual([3, sent])
    expect(stdout).toMatch(/^fail +token +the token refused this PIN before; it is not sent again$/m)
  })
})

describe('a hashed serial', () => {
  it('is in the receipt, and in doctor, instead of the serial; who knows the serial can check it with sha256sum', async () => {
    using folder = temporaryFolder()
    const home = { home: join(folder.path, 'home') }
    const { token } = JSON.parse((await runOk(['init', '--token-serial', 'hashed', '--json'], home)).stdout) as { token: { serial: string } }
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      String.raw`printf 'sealstone token serial v1\n%s' "$1" | sha256sum`,
      'sh',
      token.serial,
    ])
    const hashed = `sha256:${stdout.slice(0, 64)}`
    const model = tinyModel(join(folder.path, 'model'))
    const daemon = await startDaemon(home.home)
    await runOk(['sign', model], home)
    await runOk(['verify', model, '--require-protection', 'token'], home)
    expect(await daemon.stop()).toBe(0)
    const text = readFileSync(join(model, 'model.hybrid.sig'), 'utf8')
    const { protection, receipt } = JSON.parse(text) as { protection: object; receipt: { leaf: string } }
    const leaf = Buffer.from(receipt.leaf, 'base64').toString('utf8')
    expect(protection).toMatchObject({ tokenSerial: hashed, firmware: '2.6' })
    expect(JSON.parse(leaf)).toMatchObject({ keyProtection: protection })
    for (const said of [text, leaf]) expect(said).not.toContain(token.serial)
    for (const args of [['doctor'], ['doctor', '--json']]) {
      const report = await runOk(args, home)
      expect(report.stdout).toContain(hashed)
      expect(report.stdout).not.toContain(token.serial)
    }
  })
})

async function homeWith({ location }: FaultyToken): ReturnType<typeof initHome> {
  const env = Object.entries(location.env ?? {}).flatMap(([name, value]) => ['--token-env', `${name}=${value}`])
  return initHome(['--token', formatTokenUri(location), ...env])
}
