/** The fault table's rows of people: somebody changes the PIN, a key or the whole token underneath a running key host, in each phase of the work. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type KeyMaterial, startKeyHost } from '#keyhost'
import { Intruder } from '../support/intruder.ts'
import { makeKey, type Outcome, type Phase, PHASES, Stand } from './fault-stand.ts'

let stand: Stand

beforeAll(async () => {
  stand = await Stand.open()
})
afterEach(() => stand.token.clear())
afterAll(() => stand[Symbol.asyncDispose]())

describe('the wrong PIN after a restart', () => {
  it.each(PHASES)('(%s): is sent once, by whichever process; what is asked meanwhile is refused at once', async (phase) => {
    await using here = await Stand.open()
    const { pinFile } = here.token.location
    const right = readFileSync(pinFile)
    writeFileSync(pinFile, 'not the right one\n')
    const before = here.token.calls('C_Login')
    const outcomes = await here.run(phase, (call) => {
      if (phase === 'idle' || phase === 'queued') here.signal('SIGKILL')
      else here.killIn(phase === 'key creation' ? 'C_GenerateKeyPair' : 'C_Sign', call)
    })
    expect(outcomes).toEqual(outcomes.map(() => 'TOKEN_PIN_REFUSED'))
    expect(await here.sign()).toBe('TOKEN_PIN_REFUSED')
    await expect(startKeyHost({ token: here.token.location, logger: here.logger })).rejects.toMatchObject({ code: 'TOKEN_PIN_REFUSED' })
    expect(here.token.calls('C_Login') - before).toBe(1)
    writeFileSync(pinFile, right)
    const repaired = await startKeyHost({ token: here.token.location, logger: here.logger })
    await repaired.check([here.key])
    await repaired.close()
  })
})

describe('underneath a running key host', () => {
  it.each(PHASES)('(%s): a key is deleted: it is refused, others sign and are made', async (phase) => {
    const doomed = await makeKey(stand.keyHost)
    expect(await stand.sign([doomed])).toBe('signed') // so its handle is known
    const intruder = new Intruder({ ...stand.token, location: { ...stand.token.location, modulePath: moduleBehind() } })
    intruder.login()
    const remove = (): void => intruder.destroy(pkcs11js.CKO_PRIVATE_KEY, doomed.ckaId ?? '')
    if (phase === 'idle') remove()
    else stand.during(phase === 'key creation' ? 'C_GenerateKeyPair' : 'C_Sign', 1, remove)
    const outcomes = await Promise.all(ask(phase, doomed))
    await stand.struck
    intruder.logout()
    // Whoever asked for the deleted key in time got a good signature.
    expect(outcomes.filter((outcome) => outcome !== 'signed' && outcome !== 'TOKEN_KEY_MISMATCH')).toEqual([])
    expect(await stand.sign([doomed])).toBe('TOKEN_KEY_MISMATCH')
    expect(await stand.sign()).toBe('signed')
  })

  it.each(PHASES)('(%s): the token is initialised again: its keys are refused, new ones are made and sign', async (phase) => {
    await using here = await Stand.open()
    const again = (): void => initialiseAgain(here, readFileSync(here.token.location.pinFile, 'utf8').trim())
    const outcomes = await here.run(phase, (call) => {
      if (phase === 'idle') again()
      else here.during(phase === 'key creation' ? 'C_GenerateKeyPair' : 'C_Sign', call, again)
    })
    // It may come late. A key that was made before is gone with the token's others, and so the objects are not what they were.
    const known = /^(?:signed|TOKEN_KEY_MISMATCH|TOKEN_UNAVAILABLE retry)(?:, and -?\d+ objects more in the token)?$/
    expect(outcomes.filter((outcome) => !known.test(outcome))).toEqual([])
    await here.struck
    for (let request = 0; request < 3; request++) expect(await here.sign()).toBe('TOKEN_KEY_MISMATCH')
    expect(await here.sign([await makeKey(here.keyHost)])).toBe('signed')
  })

  it('the token is initialised again with another PIN: ours is sent until it is refused, and never again', async () => {
    await using here = await Stand.open()
    initialiseAgain(here, 'another PIN')
    expect(await here.sign()).toBe('TOKEN_PIN_REFUSED')
    const before = here.token.calls('C_Login')
    for (let request = 0; request < 3; request++) expect(await here.sign()).toBe('TOKEN_PIN_REFUSED')
    expect(here.token.calls('C_Login')).toBe(before)
  })
})

function ask(phase: Phase, doomed: KeyMaterial): Promise<Outcome>[] {
  switch (phase) {
    case 'idle':
      return [stand.sign()]
    case 'queued':
      return [[doomed], [stand.key], [doomed], [stand.key]].map((keys) => stand.sign(keys))
    case 'mid-signature':
      return [stand.sign([stand.key, doomed])]
    case 'key creation':
      return [makeKey(stand.keyHost).then((key) => stand.sign([key]))]
  }
}

function moduleBehind(): string {
  return stand.token.env['FAULT_MODULE_TARGET'] as string
}

function initialiseAgain({ token }: Stand, pin: string): void {
  const soPin = readFileSync(join(token.folder, 'secrets/so.pin'), 'utf8').trim()
  const options = ['--serial', token.location.serial ?? '', '--label', 'test', '--so-pin', soPin, '--pin', pin]
  execFileSync('softhsm2-util', ['--init-token', ...options], { env: { ...process.env, ...token.env }, stdio: 'ignore' })
}
