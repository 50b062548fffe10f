/** PIN rules on a real token: its own counter flag is the witness of what was sent to it. */
import { chmodSync, closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { openToken, type TokenOptions } from '#token'
import { Intruder } from '../support/intruder.ts'
import { makeToken, recordingLogger, type TestToken } from '../support/softhsm.ts'

let token: TestToken
let intruder: Intruder

beforeAll(async () => {
  token = await makeToken()
  intruder = new Intruder(token)
})
afterAll(() => token[Symbol.dispose]())

beforeEach(() => {
  writePin(intruder.pin)
  rmSync(`${token.location.pinFile}.refused`, { force: true })
  resetCounter()
})

describe('the PIN', () => {
  it('opens the token when it is right, and is sent once', () => {
    const logger = recordingLogger()
    expect(openToken({ ...token.options, logger }).info.label).toBe('test')
    expect(logger.count('login attempt')).toBe(1)
  })

  it('is not sent again after the token refused it, not even when the counter has been reset', () => {
    writePin('not the pin')
    expect(open().code).toBe('TOKEN_PIN_REFUSED')
    expect(intruder.wrongPinSeen).toBe(true) // so the first one was sent
    resetCounter()

    for (let attempt = 0; attempt < 3; attempt++) {
      const logger = recordingLogger()
      const error = open(logger)
      expect(error.code).toBe('TOKEN_PIN_REFUSED')
      expect(error.message).toContain('not sent again')
      expect(logger.count('login attempt')).toBe(0)
      expect(intruder.wrongPinSeen).toBe(false) // the token saw nothing
    }
  })

  it('may be replaced by another one after a refusal, and the refused one stays refused', () => {
    writePin('first wrong')
    expect(open().code).toBe('TOKEN_PIN_REFUSED')
    writePin('second wrong')
    expect(open().code).toBe('TOKEN_PIN_REFUSED')
    writePin(intruder.pin)
    expect(openToken(token.options).info.serial).toBe(token.location.serial)
    intruder.logout()
    writePin('first wrong')
    expect(open().message).toContain('not sent again')
    expect(intruder.wrongPinSeen).toBe(false)
  })

  it('is not sent when somebody else has lowered the counter', () => {
    expect(() => intruder.login('guess of a stranger')).toThrow('CKR_PIN_INCORRECT')
    const logger = recordingLogger()
    const error = open(logger)
    expect([error.code, error.hint]).toEqual(['TOKEN_PIN_REFUSED', expect.stringContaining('log in once by hand')])
    expect(logger.count('login attempt')).toBe(0)
  })

  it('is not in the marker of refused PINs, which is closed to others', () => {
    writePin('not the pin')
    open()
    const marker = `${token.location.pinFile}.refused`
    expect(statSync(marker).mode & 0o777).toBe(0o600)
    expect(readFileSync(marker, 'utf8')).toMatch(/^\S+ [0-9a-f]{32} [0-9a-f]{64}\n$/)
  })

  it('that was refused is remembered elsewhere where nothing can be written beside its file, as with a credential of systemd', () => {
    writePin('not the pin')
    const file = openSync(token.location.pinFile, 'r')
    const pinFile = `/dev/fd/${file}` // beside it nothing can be made, by root neither
    const refusedElsewhere = join(token.folder, 'pin.refused')
    const attempt = () => open(recordingLogger(), { pinFile, refusedElsewhere })
    try {
      expect(attempt().message).toContain('CKR_PIN_INCORRECT')
      expect(readFileSync(refusedElsewhere, 'utf8')).toMatch(/^\S+ [0-9a-f]{32} [0-9a-f]{64}\n$/)
      resetCounter()
      const again = attempt()
      expect([again.message, again.hint]).toEqual([expect.stringContaining('not sent again'), expect.stringContaining(refusedElsewhere)])
      expect(intruder.wrongPinSeen).toBe(false)
    } finally {
      closeSync(file)
    }
  })

  it('may be given without a line end', () => {
    writeFileSync(token.location.pinFile, intruder.pin)
    expect(openToken(token.options).info.label).toBe('test')
  })
})

describe('the PIN file', () => {
  it.each([0o640, 0o604, 0o660])('is refused when others may read or write it (mode %o)', (mode) => {
    chmodSync(token.location.pinFile, mode)
    expect(open().code).toBe('HOME_INSECURE')
    chmodSync(token.location.pinFile, 0o600)
  })

  it('is refused when it is empty or missing, without an attempt', () => {
    writePin('')
    expect(open().message).toContain('is empty')
    rmSync(token.location.pinFile)
    expect(open().message).toContain('cannot be read')
    expect(intruder.wrongPinSeen).toBe(false)
  })
})

/** The error of an attempt that must fail. */
function open(logger = recordingLogger(), other: Partial<TokenOptions> = {}): SealstoneError {
  try {
    openToken({ ...token.options, ...other, logger })
  } catch (error) {
    if (error instanceof SealstoneError) return error
    throw error
  }
  throw new Error('the token opened')
}

function writePin(pin: string): void {
  writeFileSync(token.location.pinFile, `${pin}\n`, { mode: 0o600 })
  chmodSync(token.location.pinFile, 0o600)
}

/** A login by hand with the right PIN. The login state is the process's, so what a test left is undone first. */
function resetCounter(): void {
  try {
    intruder.logout()
  } catch {
    // was not logged in
  }
  intruder.login()
  intruder.logout()
}
