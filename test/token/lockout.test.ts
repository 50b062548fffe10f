/** A TPM that locks itself after three wrong PINs: the right one is not taken for a wrong one, and opens it when it is unlocked. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startKeyHost } from '#keyhost'
import { openKeyHost, recordingLogger } from '../support/softhsm.ts'
import { makeTpmToken, type TpmToken } from '../support/tpm2.ts'

let token: TpmToken
beforeAll(async () => {
  token = await makeTpmToken('lockout')
})
afterAll(() => token?.stop())

it('a locked token refuses the right PIN, which is sent again once it is unlocked', async () => {
  const { location } = token
  const right = readFileSync(location.pinFile, 'utf8')
  const start = () => startKeyHost({ token: location, logger: recordingLogger() })
  for (let attempt = 1; attempt <= 3; attempt++) {
    writeFileSync(location.pinFile, `wrong ${attempt}\n`)
    await expect(start()).rejects.toMatchObject({ code: 'TOKEN_PIN_REFUSED', message: expect.stringContaining('CKR_PIN_INCORRECT') })
    expect((await token.properties()).get('TPM2_PT_LOCKOUT_COUNTER')).toBe(attempt)
  }
  const marker = `${location.pinFile}.refused`
  expect(existsSync(marker)).toBe(true)
  const remembered = readFileSync(marker, 'utf8')
  writeFileSync(location.pinFile, right)
  await expect(start()).rejects.toMatchObject({ code: 'TOKEN_PIN_REFUSED', message: expect.stringContaining('CKR_PIN_LOCKED') })
  expect(readFileSync(marker, 'utf8')).toBe(remembered)
  await token.unlock()
  await using keyHost = await openKeyHost(location)
  expect((await keyHost.tokenInfo()).label).toBe('lockout')
})
