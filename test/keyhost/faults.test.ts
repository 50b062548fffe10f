/** What can happen to the key host and its token, and what the caller gets. Every signature that comes back verifies. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pkcs11js from 'pkcs11js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toSealstoneError } from '#core'
import { type KeyHost, type KeyMaterial, startKeyHost } from '#keyhost'
import { parsePublicKey, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { eventually } from '../support/eventually.ts'
import { Intruder } from '../support/intruder.ts'
import { nextLine } from '../support/lines.ts'
import { makeToken, openKeyHost, recordingLogger, type TestToken } from '../support/softhsm.ts'

let token: TestToken
let key: KeyMaterial
let intruder: Intruder

beforeAll(async () => {
  token = await makeToken()
  intruder = new Intruder(token)
  await using keyHost = await openKeyHost(token.location)
  key = await makeKey(keyHost, 'default')
})
afterAll(() => token[Symbol.dispose]())

describe('a child that dies', () => {
  it.each(['SIGKILL', 'SIGSEGV', 'SIGABRT'] as const)('of %s in the middle of signing costs nobody a signature', async (signal) => {
    await using keyHost = await openKeyHost(token.location)
    const messages = Array.from({ length: 80 }, (_, index) => text(`message ${index}`))
    const signing = messages.map((message) => keyHost.sign([{ key, message }]))
    await signing[5] // some are done, some are with the child, most wait
    process.kill(keyHost.pid as number, signal)
    const signed = await Promise.all(signing)
    signed.forEach(([signature], index) => expect(verifies(key, messages[index] as Uint8Array, signature)).toBe(true))
    expect(keyHost.respawns).toBe(1)
  })

  it('again and again is replaced each time', async () => {
    await using keyHost = await openKeyHost(token.location)
    for (let death = 1; death <= 5; death++) {
      process.kill(keyHost.pid as number, 'SIGKILL')
      const [signature] = await keyHost.sign([{ key, message: text(`after death ${death}`) }])
      expect(verifies(key, text(`after death ${death}`), signature)).toBe(true)
      expect(keyHost.respawns).toBe(death)
    }
  })

  it('with the same request twice gives that request up, with a retryable error, and serves the next one', async () => {
    const logger = recordingLogger()
    await using keyHost = await openKeyHost(token.location, { logger })
    const long = keyHost.check(Array.from({ length: 3000 }, () => key)) // takes seconds
    long.catch(() => {})
    for (const start of [1, 2]) {
      await eventually(() => expect(logger.count('key host ready')).toBe(start))
      await sleep(50)
      process.kill(keyHost.pid as number, 'SIGKILL')
    }
    await expect(long).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE', entry: { retryable: true } })
    const [signature] = await keyHost.sign([{ key, message: text('later') }])
    expect(verifies(key, text('later'), signature)).toBe(true)
  })

  it('before its successor is open is replaced once more, and the request is done by that one', async () => {
    await using keyHost = await openKeyHost(token.location)
    const first = keyHost.pid as number
    process.kill(first, 'SIGSTOP') // so that the request stays with the child until it is killed
    const signing = keyHost.sign([{ key, message: text('unlucky') }])
    process.kill(first, 'SIGKILL')
    await eventually(() => expect([undefined, first]).not.toContain(keyHost.pid))
    process.kill(keyHost.pid as number, 'SIGKILL')
    const [signature] = await signing
    expect(verifies(key, text('unlucky'), signature)).toBe(true)
  })

  it('again and again before it is open tells waiting callers, and goes on trying', async () => {
    await using keyHost = await openKeyHost(token.location)
    const dead = new Set<number | undefined>([undefined])
    const kill = async (): Promise<void> => {
      while (dead.has(keyHost.pid)) await new Promise(setImmediate) // as soon as it is there: it must not get as far as to sign
      dead.add(keyHost.pid)
      process.kill(keyHost.pid as number, 'SIGKILL')
    }
    await kill()
    const told = keyHost.sign([{ key, message: text('unlucky') }]).then(
      () => 'signed',
      (error: unknown) => toSealstoneError(error),
    )
    for (let death = 2; death <= 4; death++) await kill()
    expect(await told).toMatchObject({ code: 'TOKEN_UNAVAILABLE', entry: { retryable: true } })
    const [signature] = await eventually(() => keyHost.sign([{ key, message: text('later') }]))
    expect(verifies(key, text('later'), signature)).toBe(true)
  })

  it('of its own accord never does so because of a signal meant for the parent', async () => {
    await using keyHost = await openKeyHost(token.location)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(keyHost.pid as number, signal)
    expect(await keyHost.sign([{ key, message: text('still here') }])).toHaveLength(1)
    expect(keyHost.respawns).toBe(0)
  })
})

describe('a child that hangs', () => {
  it('is killed by the watchdog, and the request is done by the next one', async () => {
    await using keyHost = await openKeyHost(token.location, { watchdogMs: 2000 })
    process.kill(keyHost.pid as number, 'SIGSTOP')
    const [signature] = await keyHost.sign([{ key, message: text('patience') }])
    expect(verifies(key, text('patience'), signature)).toBe(true)
    expect(keyHost.respawns).toBe(1)
  })

  it('does not hold a caller beyond its deadline, or one that gives up', async () => {
    await using keyHost = await openKeyHost(token.location)
    process.kill(keyHost.pid as number, 'SIGSTOP')
    await expect(keyHost.sign([{ key, message: text('late') }], { timeoutMs: 100 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    const stop = new AbortController()
    const abandoned = keyHost.sign([{ key, message: text('never mind') }], { signal: stop.signal })
    stop.abort()
    await expect(abandoned).rejects.toMatchObject({ code: 'CANCELLED' })
    process.kill(keyHost.pid as number, 'SIGCONT')
    expect(await keyHost.sign([{ key, message: text('on time') }])).toHaveLength(1)
    await expect(keyHost.sign([{ key, message: text('x') }], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('the end', () => {
  it('of the parent is the end of the child, even when the parent is killed', async () => {
    const script = `
      import { startKeyHost } from '#keyhost'
      import { silentLogger } from '#core'
      const keyHost = await startKeyHost({ token: ${JSON.stringify(token.location)}, logger: silentLogger })
      console.log(keyHost.pid)
    `
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pid = Number(await nextLine(parent.stdout))
    expect(existsSync(`/proc/${pid}`)).toBe(true)
    parent.kill('SIGKILL')
    await eventually(() => expect(isRunning(pid)).toBe(false))
  })

  it('by close ends the child and refuses what comes after', async () => {
    const keyHost = await startKeyHost({ token: token.location, logger: recordingLogger() })
    const pid = keyHost.pid as number
    await keyHost.close()
    expect(isRunning(pid)).toBe(false)
    await expect(keyHost.sign([{ key, message: text('x') }])).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' })
    await keyHost.close() // a second time does nothing
  })
})

describe('a wrong PIN', () => {
  it('is sent once; neither the same key host, nor the next one, nor one after a crash sends it again', async () => {
    const right = readFileSync(token.location.pinFile, 'utf8')
    const logger = recordingLogger()
    await using running = await openKeyHost(token.location, { logger })
    expect(logger.count('login attempt')).toBe(1)
    writeFileSync(token.location.pinFile, 'swapped while running\n')
    process.kill(running.pid as number, 'SIGKILL')
    for (let request = 0; request < 5; request++) {
      await expect(running.sign([{ key, message: text('x') }])).rejects.toMatchObject({ code: 'TOKEN_PIN_REFUSED' })
    }
    expect(logger.count('login attempt')).toBe(2) // the right one at first, the wrong one once
    await eventually(() => expect(running.pid).toBeUndefined()) // and no child is tried any more
    expect(intruder.wrongPinSeen).toBe(true)

    intruder.login() // resets the token's counter, so that the token would take another attempt
    intruder.logout()
    for (let start = 0; start < 3; start++) {
      await expect(startKeyHost({ token: token.location, logger })).rejects.toMatchObject({ code: 'TOKEN_PIN_REFUSED' })
    }
    expect(logger.count('login attempt')).toBe(2)
    expect(intruder.wrongPinSeen).toBe(false)

    writeFileSync(token.location.pinFile, right)
    await using repaired = await openKeyHost(token.location, { logger })
    await repaired.check([key])
  })
})

describe('a token that is not there', () => {
  it('stops the start, says which tokens are', async () => {
    const wrongSerial = { ...token.location, serial: '0123456789abcdef' }
    await expect(startKeyHost({ token: wrongSerial, logger: recordingLogger() })).rejects.toMatchObject({
      code: 'TOKEN_MISSING',
      message: expect.stringContaining(`"test" (serial ${token.location.serial})`),
    })
    await expect(startKeyHost({ token: { ...token.location, modulePath: '/nonexistent.so' }, logger: recordingLogger() })).rejects.toMatchObject({
      code: 'TOKEN_MISSING',
    })
  })

  it('for a while gives errors for that while, and signatures again when it is back', async () => {
    await using keyHost = await openKeyHost(token.location)
    const store = join(token.folder, 'token')
    renameSync(store, `${store}.away`)
    process.kill(keyHost.pid as number, 'SIGKILL')
    // Without its directory SoftHSM does not even initialise.
    await expect(keyHost.sign([{ key, message: text('x') }])).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE', entry: { retryable: true } })
    renameSync(`${store}.away`, store)
    const [signature] = await eventually(() => keyHost.sign([{ key, message: text('back') }]))
    expect(verifies(key, text('back'), signature)).toBe(true)
  })
})

describe('a key that is not the recorded one', () => {
  it('because it was deleted underneath, is refused by the next signing and by the next check', async () => {
    await using keyHost = await openKeyHost(token.location)
    const doomed = await makeKey(keyHost, 'doomed')
    intruder.login()
    intruder.destroy(pkcs11js.CKO_PRIVATE_KEY, ckaIdOf(doomed))
    intruder.logout()
    await expect(keyHost.sign([{ key: doomed, message: text('x') }])).rejects.toMatchObject({ code: 'TOKEN_KEY_MISMATCH' })
    await expect(keyHost.check([key, doomed])).rejects.toMatchObject({ code: 'TOKEN_KEY_MISMATCH' })
    await keyHost.check([key])
    expect(keyHost.respawns).toBe(0)
  })

  it('because another one was put in its place, is refused at start', async () => {
    await using keyHost = await openKeyHost(token.location)
    const replaced = await makeKey(keyHost, 'replaced')
    intruder.login()
    for (const objectClass of [pkcs11js.CKO_PRIVATE_KEY, pkcs11js.CKO_PUBLIC_KEY]) intruder.destroy(objectClass, ckaIdOf(replaced))
    intruder.plantKeyPair(ckaIdOf(replaced))
    intruder.logout()
    await using next = await openKeyHost(token.location)
    await expect(next.check([replaced])).rejects.toMatchObject({ code: 'TOKEN_KEY_MISMATCH', message: expect.stringContaining('another one') })
  })

  it('because only its private half was replaced, is found by the canary', async () => {
    await using keyHost = await openKeyHost(token.location)
    const half = await makeKey(keyHost, 'half')
    intruder.login()
    intruder.destroy(pkcs11js.CKO_PRIVATE_KEY, ckaIdOf(half))
    const planted = intruder.plantKeyPair(ckaIdOf(half))
    intruder.cryptoki.C_DestroyObject(intruder.session, planted.publicKey)
    intruder.logout()
    await using next = await openKeyHost(token.location)
    await expect(next.check([half])).rejects.toMatchObject({ code: 'TOKEN_KEY_MISMATCH', message: expect.stringContaining('does not verify') })
  })
})

describe('a sealed seed', () => {
  // Where the public key tells already, the seed is not tried.
  it.each<[what: string, move: (from: KeyMaterial, to: KeyMaterial) => KeyMaterial, code?: string]>([
    ['key id', (from) => ({ ...from, keyId: 'another' })],
    ['version', (from) => ({ ...from, version: 2 })],
    ['suite', (from) => ({ ...from, suite: 'mldsa65-ed25519' }), 'TOKEN_KEY_MISMATCH'],
    ['public key', (from, to) => ({ ...from, spki: to.spki }), 'TOKEN_KEY_MISMATCH'],
    ['record', (from, to) => ({ ...to, ...(from.sealedSeed === undefined ? {} : { sealedSeed: from.sealedSeed }) })],
  ])('moved to another %s does not open', async (_what, move, code = 'SEALED_SEED_INVALID') => {
    await using keyHost = await openKeyHost(token.location)
    const other = await makeKey(keyHost, 'other')
    const moved = move(key, other)
    await expect(keyHost.sign([{ key: moved, message: text('x') }])).rejects.toMatchObject({ code })
    await keyHost.check([key, other])
    expect(keyHost.respawns).toBe(0)
  })
})

function makeKey(keyHost: KeyHost, keyId: string): Promise<KeyMaterial> {
  return keyHost.generateKey({ keyId, version: 1, suite: 'mldsa65-ecdsa-p256', label: keyId, role: 'signing' })
}

function ckaIdOf(material: KeyMaterial): string {
  if (material.ckaId === undefined) throw new Error('no key pair in the token')
  return material.ckaId
}

function verifies(material: KeyMaterial, message: Uint8Array, signature: Uint8Array | undefined): boolean {
  return signature !== undefined && verify(nativeEngine(), parsePublicKey(material.spki), message, signature)
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}
