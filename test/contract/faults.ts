/** Death in the middle, keys that vanish, two key hosts at once. */
import { describe, expect, it } from 'vitest'
import { toSealstoneError } from '#core'
import { eventually } from '../support/eventually.ts'
import { openKeyHost } from '../support/softhsm.ts'
import { type Contract, ckaIdOf, mainKey, makeKey, outsider, SUITE, text, verifies } from './token-under-test.ts'

export function describeFaults(contract: Contract): void {
  describe('a key host that is killed while it signs', () => {
    it('costs nobody a signature, three times, and the token gets back what it held', async () => {
      const token = contract.token()
      const key = mainKey(contract)
      await using keyHost = await openKeyHost(token.location)
      const before = await heldAfterSigning(contract, keyHost)
      for (let death = 1; death <= 3; death++) {
        const messages = Array.from({ length: 60 }, (_, index) => text(`message ${death} ${index}`))
        const signing = messages.map((message) => keyHost.sign([{ key, message }]))
        await signing[5] // some are done, some are with the child, most wait
        process.kill(keyHost.pid as number, 'SIGKILL')
        const signed = await Promise.all(signing)
        expect(signed.map(([signature], index) => verifies(key, messages[index] as Uint8Array, signature))).toEqual(messages.map(() => true))
        expect(keyHost.respawns).toBe(death)
      }
      await eventually(async () => expect(await heldAfterSigning(contract, keyHost)).toBe(before))
    }, 400_000)
  })

  describe('a key that was removed underneath', () => {
    it('is refused: by the next signing where the token tells, by the next start in any case; others still sign', async () => {
      const token = contract.token()
      await using keyHost = await openKeyHost(token.location)
      const doomed = await makeKey(keyHost, SUITE, 'doomed')
      await keyHost.sign([{ key: doomed, message: text('still there') }])
      await outsider(token, ckaIdOf(doomed))
      const refused = { code: 'TOKEN_KEY_MISMATCH' }
      const signing = keyHost.sign([{ key: doomed, message: text('x') }]).then(
        () => 'signed', // it has the key in its memory until it ends
        (error: unknown) => toSealstoneError(error).code,
      )
      expect(await signing).toBe(token.capabilities.seesOthers ? refused.code : 'signed')
      await keyHost.check([mainKey(contract)])
      expect(keyHost.respawns).toBe(token.capabilities.staleHandleCostsProcess === true ? 1 : 0)
      await using next = await openKeyHost(token.location)
      await expect(next.check([doomed])).rejects.toMatchObject(refused)
      await expect(next.sign([{ key: doomed, message: text('x') }])).rejects.toMatchObject(refused)
      await next.check([mainKey(contract)])
    })
  })

  describe('two key hosts at one token', () => {
    it('sign at the same time, each signature right', async () => {
      const { location } = contract.token()
      const key = mainKey(contract)
      await using first = await openKeyHost(location)
      await using second = await openKeyHost(location)
      const messages = Array.from({ length: 60 }, (_, index) => text(`message ${index}`))
      const signed = await Promise.all(messages.map((message, index) => (index % 2 === 0 ? first : second).sign([{ key, message }])))
      expect(signed.map(([signature], index) => verifies(key, messages[index] as Uint8Array, signature))).toEqual(messages.map(() => true))
      expect([first.respawns, second.respawns]).toEqual([0, 0])
    })

    it('make keys at the same time, and a third one finds them all', async () => {
      const { location } = contract.token()
      await using first = await openKeyHost(location)
      await using second = await openKeyHost(location)
      const made = await Promise.all([0, 1, 2, 3].map((index) => makeKey(index % 2 === 0 ? first : second, SUITE, `twin-${index}`)))
      expect(new Set(made.map(({ sealedSeed }) => sealedSeed?.wrappingKey)).size).toBe(1)
      await using third = await openKeyHost(location)
      await third.check(made)
    })
  })
}

async function heldAfterSigning(contract: Contract, keyHost: Awaited<ReturnType<typeof openKeyHost>>): Promise<number> {
  await keyHost.sign([{ key: mainKey(contract), message: text('x') }])
  return contract.token().heldByClients()
}
