/** The PIN opens the token; a wrong one is sent once, as the token's own counter says. */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { startKeyHost } from '#keyhost'
import { openKeyHost, recordingLogger } from '../support/softhsm.ts'
import { type Contract, mainKey, outsider } from './token-under-test.ts'

export function describeLogin(contract: Contract): void {
  describe('the PIN', () => {
    it('opens the token when it is right, sent once', async () => {
      const { location } = contract.token()
      const logger = recordingLogger()
      await using keyHost = await openKeyHost(location, { logger })
      expect(await keyHost.tokenInfo()).toMatchObject({ label: location.token })
      expect(logger.count('login attempt')).toBe(1)
    })

    it('is refused when it is wrong and never sent a second time; the right one opens afterwards', async () => {
      const token = contract.token()
      const { location } = token
      const right = readFileSync(location.pinFile, 'utf8')
      const before = await token.wrongPins()
      const logger = recordingLogger()
      try {
        writeFileSync(location.pinFile, 'not the pin of this token\n')
        for (let start = 0; start < 3; start++) {
          await expect(startKeyHost({ token: location, logger })).rejects.toMatchObject({ code: 'TOKEN_PIN_REFUSED' })
          expect(await token.wrongPins()).toBe(before === undefined ? undefined : before + 1)
        }
      } finally {
        writeFileSync(location.pinFile, right)
      }
      expect(logger.count('login attempt')).toBe(1)
      await outsider(token) // a login past our code
      await using keyHost = await openKeyHost(location)
      await keyHost.check([mainKey(contract)])
    })
  })
}
