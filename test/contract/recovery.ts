/** A key that is also encrypted to offline recipients: it comes back from its blob, or the token says that it takes no key from outside. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { toSealstoneError } from '#core'
import type { SuiteId } from '#suites'
import { openKeyHost } from '../support/softhsm.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { type Contract, outsider, SUITE, text, verifies } from './token-under-test.ts'

export function describeRecovery(contract: Contract): void {
  describe('a recoverable key', () => {
    const make = async (suite: SuiteId) => {
      const identity = await generateX25519Identity()
      const identityFile = join(temporaryFolder(), 'identity.txt')
      writeFileSync(identityFile, `${identity}\n`, { mode: 0o600 })
      const keyHost = await openKeyHost(contract.token().location, { identityFile })
      const request = { keyId: `recoverable-${suite}`, version: 1, suite, label: 'recoverable', role: 'signing' } as const
      return { keyHost, identityFile, make: async () => keyHost.generateKey({ ...request, recipients: [await identityToRecipient(identity)] }) }
    }

    it.each<SuiteId>(['mldsa65', 'mldsa65-ed25519', SUITE])(
      'of suite %s comes back from its blob, where the token takes its halves',
      async (suite) => {
        const { capabilities } = contract.token()
        const { keyHost, identityFile, make: generate } = await make(suite)
        await using _host = keyHost
        // A sealed half goes into every token.
        const isTaken = capabilities.takesKeys || suite === 'mldsa65' || (suite === 'mldsa65-ed25519' && capabilities.ed25519?.location === 'sealed')
        const before = await outsider(contract.token())
        const [made] = await Promise.allSettled([generate()])
        expect(made.status === 'fulfilled' ? 'made' : toSealstoneError(made.reason).code).toBe(isTaken ? 'made' : 'TOKEN_UNSUPPORTED')
        const after = await outsider(contract.token())
        expect(isTaken || after.objects === before.objects, 'nothing is left in a token that takes no key').toBe(true)
        if (made.status === 'rejected') return
        const { value: key } = made
        const recovered = await keyHost.recoverKey({ key, role: 'signing', label: 'recovered', identityFile })
        for (const one of [key, recovered]) {
          const [signature] = await keyHost.sign([{ key: one, message: text('again') }])
          expect(verifies(key, text('again'), signature)).toBe(true)
        }
        await keyHost.check([recovered])
      },
    )
  })
}
