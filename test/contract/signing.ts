/** Every suite: what the token can do signs what both engines verify, what it cannot do leaves nothing behind; and it lasts. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type HalfProtection, SealstoneError } from '#core'
import type { KeyHost } from '#keyhost'
import { findSuite, SUITE_IDS } from '#suites'
import { openKeyHost } from '../support/softhsm.ts'
import { type Contract, keyOf, mainKey, makeKey, outsider, text, verifies } from './token-under-test.ts'

export function describeSigning(contract: Contract): void {
  it('every suite that it can do signs 20 messages from 0 bytes to 1 MiB, and both engines verify them', async () => {
    const { location, capabilities } = contract.token()
    await using keyHost = await openKeyHost(location)
    const messages = SIZES.map((size) => new Uint8Array(size).map((_, index) => index * size))
    for (const suite of capabilities.suites) {
      const key = keyOf(contract, suite)
      const signatures = await keyHost.sign(messages.map((message) => ({ key, message })))
      const right = signatures.map((signature, index) => verifies(key, messages[index] as Uint8Array, signature))
      expect(right, suite).toEqual(SIZES.map(() => true))
      expect(verifies(key, text('another message'), signatures[0]), suite).toBe(false)
      expect(key.protection.halves, suite).toEqual(expectedHalves(contract, suite))
    }
    expect(keyHost.respawns).toBe(0)
  }, 400_000)

  it('any other suite is refused in clear words before anything is left in the token', async () => {
    const token = contract.token()
    const before = await outsider(token)
    expect(before.objects).toBeGreaterThan(0)
    await using keyHost = await openKeyHost(token.location)
    for (const suite of SUITE_IDS.filter((id) => !token.capabilities.suites.includes(id))) {
      const error = await refusalOf(makeKey(keyHost, suite))
      const refusal = findSuite(suite).canSign ? 'TOKEN_UNSUPPORTED' : 'SUITE_UNSUPPORTED'
      expect([error.code, error.message], suite).toEqual([refusal, expect.stringMatching(/^(?:the token .+ cannot .+|suite .+ can verify only)$/)])
    }
    expect(keyHost.respawns).toBe(0)
    expect(await outsider(token)).toEqual(before)
  })

  it('what a token says of itself is clean text, recorded with each key', async () => {
    await using keyHost = await openKeyHost(contract.token().location)
    const info = await keyHost.tokenInfo()
    for (const value of Object.values(info)) expect(value).toMatch(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/)
    expect(mainKey(contract).protection).toMatchObject({ module: info.module, tokenModel: info.model, tokenSerial: info.serial })
  })

  describe('a key host', () => {
    it('finds the same keys after a restart', async () => {
      for (let start = 0; start < 2; start++) {
        await using keyHost = await openKeyHost(contract.token().location)
        await keyHost.check(contract.keys())
      }
    })

    it('makes 200 times three signatures and holds no more of the system or the token than before', async () => {
      const token = contract.token()
      await using keyHost = await openKeyHost(token.location)
      await signMany(contract, keyHost, 20)
      const before = { descriptors: descriptors(keyHost), held: await token.heldByClients() }
      await signMany(contract, keyHost, 200)
      expect({ descriptors: descriptors(keyHost), held: await token.heldByClients() }).toEqual(before)
      expect(keyHost.respawns).toBe(0)
    }, 400_000)

    it('uses more keys in turn than a TPM has room for, and is not replaced for it', async () => {
      await using keyHost = await openKeyHost(contract.token().location)
      const keys = []
      for (let index = 0; index < 32; index++) keys.push(await makeKey(keyHost, 'ecdsa-p256', `many-${index}`))
      for (let round = 0; round < 2; round++) {
        for (const key of keys) {
          const message = text(`${key.keyId} ${round}`)
          const [signature] = await keyHost.sign([{ key, message }])
          expect(verifies(key, message, signature)).toBe(true)
        }
      }
      await keyHost.check(keys)
      expect(keyHost.respawns).toBe(0)
    }, 400_000)
  })
}

function expectedHalves(contract: Contract, suiteId: string): HalfProtection[] {
  const suite = findSuite(suiteId)
  const { mlDsa, classical, ed25519 = classical } = contract.token().capabilities
  return [
    ...(suite.mlDsa === undefined ? [] : [{ role: 'ml-dsa' as const, ...mlDsa }]),
    ...(suite.classical === undefined ? [] : [{ role: 'classical' as const, ...(suite.classical === 'ed25519' ? ed25519 : classical) }]),
  ]
}

/** Hybrid and companion, as the daemon signs; three operations in the token each. */
async function signMany(contract: Contract, keyHost: KeyHost, count: number): Promise<void> {
  const items = (index: number) => [mainKey(contract), keyOf(contract, 'ecdsa-p256')].map((key) => ({ key, message: text(`message ${index}`) }))
  for (let index = 0; index < count; index += 10) {
    const batch = Array.from({ length: 10 }, (_, offset) => items(index + offset))
    const signed = await Promise.all(batch.map((one) => keyHost.sign(one)))
    const [key, message] = [mainKey(contract), text(`message ${index}`)]
    expect(verifies(key, message, signed[0]?.[0])).toBe(true)
  }
}

/** How many files, sockets and pipes the process has open. */
function descriptors({ pid }: KeyHost): number {
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('--permission') // it is the key host
  return readdirSync(`/proc/${pid}/fd`).length
}

async function refusalOf(work: Promise<unknown>): Promise<SealstoneError> {
  try {
    await work
  } catch (error) {
    if (error instanceof SealstoneError) return error
    throw error
  }
  throw new Error('it was not refused')
}

const KIB = 1024
const SIZES = [0, 1, 2, 31, 32, 33, 48, 63, 64, 65, 127, 128, 129, 255, 1000, 4096, 16_383, 64 * KIB, 64 * KIB + 1, 1024 * KIB]
