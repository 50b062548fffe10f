/** A sealed seed opens for the key, version and suite that it was made for, and for no other. */
import { describe, expect, it } from 'vitest'
import type { KeyMaterial } from '#keyhost'
import { openKeyHost } from '../support/softhsm.ts'
import { type Contract, mainKey, makeKey, SUITE, text } from './token-under-test.ts'

export function describeSealing(contract: Contract): void {
  describe('an ML-DSA seed', () => {
    it('is where the token said: sealed by it, or in it', () => {
      const { mlDsa } = contract.token().capabilities
      expect(mainKey(contract).sealedSeed?.sealing).toBe(mlDsa.sealing)
      expect(mlDsa.location).toBe(mlDsa.sealing === undefined ? 'token' : 'sealed')
    })

    // Where the public key tells already, the seed is not tried.
    it.each<[what: string, move: (from: KeyMaterial, to: KeyMaterial) => KeyMaterial, code?: string]>([
      ['key id', (from) => ({ ...from, keyId: 'another' })],
      ['version', (from) => ({ ...from, version: 2 })],
      ['suite', (from) => ({ ...from, suite: 'mldsa65' }), 'TOKEN_KEY_MISMATCH'],
      ['public key', (from, to) => ({ ...from, spki: to.spki }), 'TOKEN_KEY_MISMATCH'],
      ['record', (from, to) => ({ ...to, ...(from.sealedSeed === undefined ? {} : { sealedSeed: from.sealedSeed }) })],
    ])('that was sealed and is moved to another %s does not open, and the right one does', async (_what, move, code = 'SEALED_SEED_INVALID') => {
      const key = mainKey(contract)
      if (key.sealedSeed === undefined) return // in the token: there is nothing to move, as the test above says
      await using keyHost = await openKeyHost(contract.token().location)
      const other = await makeKey(keyHost, SUITE, 'other')
      await expect(keyHost.sign([{ key: move(key, other), message: text('x') }])).rejects.toMatchObject({ code })
      await keyHost.check([key, other])
      expect(keyHost.respawns).toBe(0)
    })

    it('that was sealed is sealed anew by another wrapping key, after which the first one can go', async () => {
      const key = mainKey(contract)
      if (key.sealedSeed === undefined) return // as above
      await using keyHost = await openKeyHost(contract.token().location, { children: 1 })
      const named = [key.sealedSeed.wrappingKey]
      const { ckaId, number } = await keyHost.beginReseal(named)
      expect(number).toBeGreaterThan(1)
      const [fresh = key] = await keyHost.reseal([key])
      expect(fresh.sealedSeed).toMatchObject({ wrappingKey: ckaId, sealing: key.sealedSeed.sealing })
      expect(fresh.protection).toEqual(key.protection)
      await keyHost.check([key, fresh])
      expect(await keyHost.beginReseal([...named, ckaId])).toEqual({ ckaId, number }) // it is carried on with
      expect(await keyHost.endReseal([...named, ckaId]), 'what is named stays').toEqual([])
      const other = await makeKey(keyHost, SUITE, 'sealed-by-the-new-one')
      expect(other.sealedSeed?.wrappingKey).toBe(ckaId)
      await keyHost.check([key, fresh, other])
      // The other tests need the first one: only one that nothing names goes.
      const { ckaId: third } = await keyHost.beginReseal([ckaId])
      expect(await keyHost.endReseal([...named, third])).toEqual([ckaId])
      await expect(keyHost.check([fresh])).rejects.toMatchObject({ code: expect.stringMatching(/TOKEN_KEY_MISMATCH|SEALED_SEED_INVALID/) })
      await keyHost.check([key])
    })

    it('that was sealed and is damaged in any part does not open, and the right one does', async () => {
      const key = mainKey(contract)
      const seed = key.sealedSeed
      if (seed === undefined) return // as above
      await using keyHost = await openKeyHost(contract.token().location)
      const damaged = [
        { ...seed, ciphertext: flipped(seed.ciphertext) },
        { ...seed, iv: flipped(seed.iv) },
      ]
      if (seed.sealing === 'rsa-oaep') damaged.push({ ...seed, encryptedKey: flipped(seed.encryptedKey) }, { ...seed, oaepHash: 'sha1' })
      for (const sealedSeed of damaged) {
        await expect(keyHost.sign([{ key: { ...key, sealedSeed }, message: text('x') }])).rejects.toMatchObject({ code: 'SEALED_SEED_INVALID' })
      }
      await keyHost.check([key])
      expect(keyHost.respawns).toBe(0)
    })
  })
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.with(5, (bytes[5] as number) ^ 1)
}
