/**
 * The contract that every token keeps, whatever its make, through the key host's real process. A token is described by what it can do; what it
 * cannot do is tested too: it must be refused. Call `describeTokenContract` once in a test file of its own.
 */
import { afterAll, beforeAll, describe } from 'vitest'
import type { KeyMaterial } from '#keyhost'
import { openKeyHost } from '../support/softhsm.ts'
import { describeFaults } from './faults.ts'
import { describeLogin } from './login.ts'
import { describeRecovery } from './recovery.ts'
import { describeSealing } from './sealing.ts'
import { describeSigning } from './signing.ts'
import { type Contract, makeKey, type TokenUnderTest } from './token-under-test.ts'

export type { TokenCapabilities, TokenUnderTest } from './token-under-test.ts'

/** `make` starts the token; it is stopped when the file's tests are over, also when they fail. */
export function describeTokenContract(name: string, make: () => Promise<TokenUnderTest>): void {
  describe(`token ${name}`, () => {
    let token: TokenUnderTest | undefined
    const keys: KeyMaterial[] = []
    const contract: Contract = {
      token: () => token as TokenUnderTest,
      keys: () => keys,
    }

    beforeAll(async () => {
      token = await make()
      await using keyHost = await openKeyHost(token.location)
      for (const suite of token.capabilities.suites) keys.push(await makeKey(keyHost, suite))
    })
    afterAll(() => token?.stop())

    describeSigning(contract)
    describeSealing(contract)
    describeRecovery(contract)
    describeFaults(contract)
    describeLogin(contract)
  })
}
