/** What a probe says of tokens that work, lie, fail, crash and hang; and that it leaves nothing in them and spends no PIN. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { probeToken, type ProbeRow, type TokenLocation, type TokenProbe } from '#keyhost'
import { outsider } from '../contract/token-under-test.ts'
import { type FaultyToken, makeFaultyToken } from '../support/fault-module.ts'
import { PROJECT } from '../support/sealstone.ts'
import { makeToken } from '../support/softhsm.ts'
import { makeTpmToken, type TpmToken } from '../support/tpm2.ts'

const CKR_DEVICE_ERROR = 0x30
const CKR_ATTRIBUTE_VALUE_INVALID = 0x13
const GUARDED = { sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true }

function rowOf({ rows }: TokenProbe, name: string): ProbeRow {
  const row = rows.find((one) => one.name === name)
  if (row === undefined) throw new Error(`no row ${name}`)
  return row
}

const count = async (location: TokenLocation): Promise<number> => (await outsider({ location })).objects

describe('of SoftHSM', () => {
  it('signs with each algorithm, seals, and leaves nothing; no PIN is in what it says', async () => {
    using token = await makeToken()
    const before = await count(token.location)
    const probe = await probeToken({ token: token.location })
    expect(probe.login).toEqual({ ok: true })
    const results = Object.fromEntries(probe.rows.map(({ name, result }) => [name, result]))
    expect(Object.values(results)).not.toContain('fails')
    for (const name of ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa3072-pss']) {
      expect(rowOf(probe, `sign ${name}`)).toMatchObject({ result: 'works', ms: expect.any(Number), attributes: GUARDED })
    }
    expect(results).toMatchObject({ 'sign ml-dsa-65': 'absent', 'seal aes-256-gcm': 'works' })
    expect(rowOf(probe, 'seal rsa-oaep').detail).toBe('RSA-3072 with SHA-1 opens; not with SHA-256 (CKR_ARGUMENTS_BAD)')
    expect(rowOf(probe, 'sessions').count).toBe(64)
    expect(await count(token.location)).toBe(before)
    expect(JSON.stringify(probe)).not.toContain(readFileSync(token.location.pinFile, 'utf8').trim())
  })

  it('says where the functions of libcrypto are bound, each to exactly one place', async () => {
    using token = await makeToken()
    const { symbols = [] } = rowOf(await probeToken({ token: token.location }), 'symbol binding')
    const libcrypto = symbols.filter(({ wanted }) => wanted === 'libcrypto.so.3')
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      'readelf --dyn-syms --wide "$1" | grep -c "FUNC.*UND .*@OPENSSL_"',
      'sh',
      token.location.modulePath,
    ])
    expect(libcrypto.reduce((sum, { functions }) => sum + functions, 0)).toBe(Number(stdout))
    expect(libcrypto.map(({ bound }) => bound)).toEqual(['node'])
  })

  it('tells the facts without a login', async () => {
    using token = await makeFaultyToken()
    const { facts, rows, login } = await probeToken({ token: token.location, factsOnly: true })
    expect(facts).toMatchObject({ label: 'test', flags: expect.arrayContaining(['CKF_USER_PIN_INITIALIZED']) })
    expect([rows, login, token.calls('C_Login')]).toEqual([[], undefined, 0])
  })
})

describe('of a token that fails', () => {
  const probeWith = async (token: FaultyToken, stepMs?: number): Promise<TokenProbe> => {
    const probe = await probeToken({ token: token.location, ...(stepMs === undefined ? {} : { stepMs }) })
    token.clear()
    expect(await count(token.location)).toBe(0)
    return probe
  }

  it('says that signatures do not verify', async () => {
    using token = await makeFaultyToken()
    token.inject({ fn: 'C_Sign', action: 'flip', times: 'always' })
    expect(rowOf(await probeWith(token), 'sign ecdsa-p256')).toMatchObject({ result: 'fails', detail: 'a signature of the token does not verify' })
  })

  it('says that a key is not guarded as it was asked for', async () => {
    using token = await makeFaultyToken()
    token.inject({ fn: 'C_GetAttributeValue', action: { lie: 0x103 }, times: 'always' }) // CKA_SENSITIVE
    const row = rowOf(await probeWith(token), 'sign ed25519')
    expect(row).toMatchObject({ result: 'fails', attributes: { sensitive: false }, detail: expect.stringContaining('asked for sensitive') })
  })

  it('says the code that it answered, and what the table of codes says to do', async () => {
    using token = await makeFaultyToken()
    token.inject({ fn: 'C_GenerateKeyPair', action: { return: CKR_DEVICE_ERROR }, times: 'always' })
    const row = rowOf(await probeWith(token), 'sign ecdsa-p256')
    expect(row).toMatchObject({
      result: 'fails',
      returnValue: 'CKR_DEVICE_ERROR',
      hint: expect.stringContaining('class module in docs/pkcs11-errors.md'),
    })
  })

  it('is not held up by a call that never returns: its row says so, the next steps are tried in another process', async () => {
    using token = await makeFaultyToken()
    token.inject({ fn: 'C_Encrypt', action: 'hang', times: 'always' })
    const probe = await probeWith(token, 8000)
    expect(rowOf(probe, 'seal aes-256-gcm').detail).toMatch(/did not answer for 8000 ms and was killed/)
    expect(rowOf(probe, 'seal rsa-oaep').result).toBe('works')
    expect(token.calls('C_Login')).toBe(3) // two processes of the probe, and the outsider's
  })

  it('that crashes again and again is left alone after three processes, and cleaned up', async () => {
    using token = await makeFaultyToken()
    token.inject({ fn: 'C_GenerateKeyPair', action: { return: CKR_ATTRIBUTE_VALUE_INVALID }, times: 1 })
    token.inject({ fn: 'C_SignInit', action: { crash: 'SIGSEGV' }, times: 'always' })
    const probe = await probeWith(token)
    expect(rowOf(probe, 'sign ecdsa-p256')).toMatchObject({ result: 'fails', detail: expect.stringContaining('signal SIGSEGV') })
    expect(rowOf(probe, 'seal aes-256-gcm').result).toBe('skipped')
    expect(rowOf(probe, 'clean-up')).toMatchObject({ result: 'works', detail: 'removed 2 objects left by this probe' })
  })

  it('is tried with objects in it where it takes no others; what a killed probe left of them the next one removes', async () => {
    using token = await makeFaultyToken()
    token.inject({ fn: 'C_GenerateKeyPair', action: { return: CKR_ATTRIBUTE_VALUE_INVALID }, times: 1 })
    await expect(killedProbe(token)).rejects.toMatchObject({ signal: 'SIGKILL' })
    expect(await count(token.location)).toBe(2)
    expect(rowOf(await probeWith(token), 'leftovers').detail).toBe('removed 2 objects left by an earlier probe that was stopped')
  })

  it('gets no PIN while its counter is low', async () => {
    using token = await makeFaultyToken()
    await wrongPin(token)
    const before = token.calls('C_Login')
    const probe = await probeToken({ token: token.location })
    expect(probe.login).toMatchObject({ ok: false, error: { code: 'TOKEN_PIN_REFUSED' } })
    expect(probe.facts.flags).toContain('CKF_USER_PIN_COUNT_LOW')
    expect([probe.rows, token.calls('C_Login')]).toEqual([[], before])
  })
})

describe('of a TPM', () => {
  let token: TpmToken
  beforeAll(async () => {
    token = await makeTpmToken('probe')
  })
  afterAll(() => token.stop())

  it('takes objects in the token alone, signs, seals by RSA, and has nothing left in it', async () => {
    const probe = await probeToken({ token: token.location })
    expect(probe.rows.filter(({ result }) => result === 'fails')).toEqual([])
    const wanted = { result: 'works', attributes: GUARDED, detail: expect.stringMatching(/object in the token, since removed/) }
    for (const name of ['sign ecdsa-p256', 'sign ecdsa-p384', 'seal rsa-oaep']) expect(rowOf(probe, name)).toMatchObject(wanted)
    for (const name of ['seal aes-256-gcm', 'sign ed25519']) expect(rowOf(probe, name).result).toBe('absent')
    expect(await count(token.location)).toBe(0)
  })
})

/** The very code of a probe, ended by kill -9 while its objects are in the token. */
function killedProbe({ location }: FaultyToken): Promise<unknown> {
  return child(location, "withKeyPair(token, 'ecdsa-p256', () => process.kill(process.pid, 'SIGKILL'))")
}

function child(location: TokenLocation, work: string): Promise<unknown> {
  const script = `
    import { text } from 'node:stream/consumers'
    import { openTrial, withKeyPair } from '#token'
    const { modulePath, token: label, pinFile } = JSON.parse(await text(process.stdin))
    const quiet = () => {}
    const token = openTrial({ modulePath, token: { label }, pinFile, logger: { debug: quiet, info: quiet, warn: quiet, error: quiet } })
    token.login()
    ${work}
  `
  const running = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: PROJECT,
    env: { ...process.env, ...location.env },
  })
  running.child.stdin?.end(JSON.stringify(location))
  return running
}

/** Somebody else, past all of our code. */
async function wrongPin({ location }: FaultyToken): Promise<void> {
  const script = `
    import { text } from 'node:stream/consumers'
    import { Intruder } from './test/support/intruder.ts'
    const intruder = new Intruder({ location: JSON.parse(await text(process.stdin)) })
    let refusal = 'accepted'
    try { intruder.login('wrong-pin') } catch (error) { refusal = String(error) }
    if (!refusal.includes('CKR_PIN_INCORRECT')) throw new Error(refusal)
    if (!intruder.wrongPinSeen) throw new Error('the token did not count')
  `
  const running = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: PROJECT })
  running.child.stdin?.end(JSON.stringify(location))
  await running
}
