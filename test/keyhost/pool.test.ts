/** Several children behind one queue: all sign, any may die, none is asked to make a key but the first. */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger, utf8 } from '#core'
import { type KeyHost, type KeyMaterial, startKeyHost } from '#keyhost'
import { parsePublicKey, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { eventually } from '../support/eventually.ts'
import { makeToken, recordingLogger, type TestToken } from '../support/softhsm.ts'

/** Longer than any of these tests waits: what goes on while one hangs does so by the others, and not because the watchdog has ended it. */
const WATCHDOG_MS = 600_000

let token: TestToken
let keyHost: KeyHost
let key: KeyMaterial
beforeAll(async () => {
  token = await makeToken()
  keyHost = await startKeyHost({ token: token.location, logger: silentLogger, children: 3, watchdogMs: WATCHDOG_MS })
  key = await keyHost.generateKey({ keyId: 'pool', version: 1, suite: 'mldsa65-ecdsa-p256', label: 'pool', role: 'signing' })
  await eventually(() => expect(keyHost.pids).toHaveLength(3))
})
afterAll(async () => {
  await keyHost.close()
  token[Symbol.dispose]()
})

const messages = (count: number): Uint8Array[] => Array.from({ length: count }, (_, at) => utf8(`message ${at}`))

async function signAll(count: number, during: () => Promise<void> = async () => {}): Promise<void> {
  const all = messages(count)
  const signing = all.map((message) => keyHost.sign([{ key, message }]))
  await during()
  const signed = await Promise.all(signing)
  signed.forEach(([signature], at) =>
    expect(verify(nativeEngine(), parsePublicKey(key.spki), all[at] as Uint8Array, signature as Uint8Array)).toBe(true),
  )
}

describe('three children', () => {
  it('share the work', async () => {
    const busy = async (): Promise<void> => {
      await sleep(20)
    }
    await signAll(200, busy)
    expect(new Set(keyHost.pids).size).toBe(3)
    expect(keyHost.load).toBe(0)
  })

  it('make no two wrapping keys when several keys are made at once', async () => {
    const made = await Promise.all(
      ['a', 'b', 'c', 'd'].map((keyId) => keyHost.generateKey({ keyId, version: 1, suite: 'mldsa44', label: keyId, role: 'signing' })),
    )
    await keyHost.check(made)
    for (const one of made) await keyHost.sign([{ key: one, message: utf8('any child opens it') }])
  })

  it('lose one and none of the signatures', async () => {
    const before = keyHost.respawns
    await signAll(120, async () => {
      await sleep(5)
      process.kill(keyHost.pids[1] as number, 'SIGKILL')
    })
    await eventually(() => expect(keyHost.respawns).toBe(before + 1))
  })

  it('lose all of them at once and none of the signatures', async () => {
    await signAll(60, async () => {
      await sleep(5)
      for (const pid of keyHost.pids) process.kill(pid, 'SIGKILL')
    })
    await eventually(() => expect(keyHost.pids).toHaveLength(3))
  })

  it('make keys and test them also when the first one has ended for good', async () => {
    using own = await makeToken()
    const logger = recordingLogger()
    const host = await startKeyHost({ token: own.location, logger, children: 2 })
    await eventually(() => expect(logger.count('key host ready')).toBe(2))
    const pin = readFileSync(own.location.pinFile, 'utf8')
    writeFileSync(own.location.pinFile, 'not the PIN')
    process.kill(host.pids[0] as number, 'SIGKILL')
    await eventually(() => expect(logger.count('key host did not open')).toBe(1))
    writeFileSync(own.location.pinFile, pin)
    const made = await host.generateKey({ keyId: 'later', version: 1, suite: 'mldsa65-ecdsa-p256', label: 'later', role: 'signing' })
    await host.check([made])
    expect(host.pids).toHaveLength(1)
    await host.close()
  })

  it('go on while one of them hangs', async () => {
    const [, second] = keyHost.pids
    process.kill(second as number, 'SIGSTOP')
    let done = 0
    const others = Array.from({ length: 40 }, async () => {
      await keyHost.sign([{ key, message: utf8('others go on') }], { timeoutMs: 60_000 })
      done++
    })
    // What the hanging one took, 16 at the most, waits for it; everything else is done.
    await eventually(() => expect(done).toBeGreaterThanOrEqual(24))
    process.kill(second as number, 'SIGCONT')
    await Promise.all(others)
  })

  it('of which none can open tell callers at once', async () => {
    const logger = recordingLogger()
    const wrong = startKeyHost({ token: { ...token.location, token: 'nobody' }, logger, children: 3 })
    await expect(wrong).rejects.toMatchObject({ code: 'TOKEN_MISSING' })
    expect(logger.count('key host did not open'), 'the others are not even tried').toBe(1)
  })
})
