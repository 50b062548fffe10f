/** Timestamps of a real authority, `openssl ts`: verified wholly, and refused whatever is wrong with them. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '#core'
import { parseRoots, validateChain } from '#certificates'
import { findTimestamps, verifyTimestamp } from '#timestamps'
import { openCheckpoint, parseNote } from '#tlog'
import { timestampNote } from '../../src/timestamps/ask-authority.ts'
import { decodeResponse, encodeRequest } from '../../src/timestamps/timestamp-request.ts'
import { type LeafOptions, makeAuthority } from '../support/openssl.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { startAuthority, type TestAuthority } from '../support/timestamp-authority.ts'

const log = softwareLog('log.example/models')
const note = log.signNow({ origin: log.origin, size: 7n, root: new Uint8Array(32).fill(9) })
const { text } = parseNote(note)
let tsa: TestAuthority
let other: TestAuthority
beforeAll(async () => {
  ;[tsa, other] = await Promise.all([startAuthority(), startAuthority({ key: 'ec', essDigest: 'sha1' })])
})
afterAll(async () => {
  await tsa[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

const NAME = 'tsa.example'
const ask = (authority: TestAuthority = tsa, roots = [authority.root], clock: Clock = systemClock) =>
  timestampNote(note, { name: NAME, url: authority.url, roots }, clock, AbortSignal.timeout(100_000))

async function askTampered(authority: TestAuthority, tamper: NonNullable<TestAuthority['tamper']>): Promise<unknown> {
  authority.tamper = tamper
  try {
    return await ask(authority)
  } finally {
    authority.tamper = undefined
  }
}

describe('a timestamp', () => {
  it('of an RSA or an ECDSA authority stands below the checkpoint, which opens as before, and is found and verified again', async () => {
    for (const authority of [tsa, other]) {
      const stamped = await ask(authority)
      expect(Math.abs(stamped.time.getTime() - Date.now())).toBeLessThan(60_000)
      expect(openCheckpoint(stamped.note, log.keys, nobleVerifier).size).toBe(7n)
      const [token, ...more] = findTimestamps(stamped.note, NAME)
      expect(more).toEqual([])
      const verified = await verifyTimestamp(token as Uint8Array, { text, roots: [authority.root] })
      expect(verified).toEqual({ time: stamped.time, signer: 'O=Example, CN=test timestamps' })
      expect(findTimestamps(stamped.note, 'tsa.example/other')).toEqual([])
    }
  })

  it('verifies with OpenSSL too, as it stands in the note', async () => {
    const [token] = findTimestamps((await ask()).note, NAME)
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'token'), token as Uint8Array)
    writeFileSync(join(folder, 'text'), text)
    const result = execFileSync('openssl', ['ts', '-verify', '-token_in', '-in', 'token', '-data', 'text', '-CAfile', tsa.caFile], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    expect(result).toMatch(/Verification: OK/)
  })

  it.each(['sha384', 'sha512'] as const)('is taken of an authority that takes %s alone, and verifies with OpenSSL too', async (digest) => {
    await using strict = await startAuthority({ digests: digest })
    const authority = { name: NAME, url: strict.url, roots: [strict.root] }
    await expect(timestampNote(note, authority, systemClock, AbortSignal.timeout(100_000))).rejects.toThrow('not granted')
    const stamped = await timestampNote(note, { ...authority, digest }, systemClock, AbortSignal.timeout(100_000))
    const [token] = findTimestamps(stamped.note, NAME) as [Uint8Array]
    expect(await verifyTimestamp(token, { text, roots: [strict.root] })).toMatchObject({ time: stamped.time })
    await expect(verifyTimestamp(token, { text: `${text}x\n`, roots: [strict.root] })).rejects.toThrow(/it is over something else/)
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'token'), token)
    writeFileSync(join(folder, 'text'), text)
    const line = ['ts', '-verify', '-token_in', '-in', 'token', '-data', 'text', '-CAfile', strict.caFile]
    expect(execFileSync('openssl', line, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })).toMatch(/Verification: OK/)
    expect(
      execFileSync('openssl', ['ts', '-reply', '-token_in', '-in', 'token', '-text', '-token_out'], { cwd: folder, encoding: 'utf8' }),
    ).toContain(`Hash Algorithm: ${digest}`)
  })

  it('is replaced by a newer one of the same authority', async () => {
    const once = (await ask()).note
    const twice = await timestampNote(once, { name: NAME, url: tsa.url, roots: [tsa.root] }, systemClock, AbortSignal.timeout(100_000))
    expect(findTimestamps(twice.note, NAME)).toHaveLength(1)
  })

  it('is not over another text, nor by an authority that is not trusted', async () => {
    const [token] = findTimestamps((await ask()).note, NAME) as [Uint8Array]
    await expect(verifyTimestamp(token, { text: `${text}x\n`, roots: [tsa.root] })).rejects.toThrow(/it is over something else/)
    await expect(verifyTimestamp(token, { text, roots: [other.root] })).rejects.toThrow(/leads to none of the trusted roots/)
    await expect(verifyTimestamp(token, { text, roots: [] })).rejects.toThrow(/leads to none/)
  })

  it('says nothing else with a bit changed, wherever: it is refused, or the bit was one that nothing depends on', async () => {
    const { note: stamped, time } = await ask()
    const [token] = findTimestamps(stamped, NAME) as [Uint8Array]
    // RFC 5652 leaves versions and the list of digests outside of what is signed; the root that comes along is not needed.
    const root = Buffer.from(token).indexOf(Buffer.from(tsa.root))
    const results: string[] = []
    for (let at = 0; at < token.length; at += 7) {
      if (root >= 0 && at >= root && at < root + tsa.root.length) continue
      const changed = token.with(at, (token[at] ?? 0) ^ 0x01)
      results.push(
        await verifyTimestamp(changed, { text, roots: [tsa.root] }).then(
          (verified) => `${verified.signer} at ${verified.time.toISOString()}`,
          (error: { code?: string }) => String(error.code),
        ),
      )
    }
    const harmless = `O=Example, CN=test timestamps at ${time.toISOString()}`
    expect(results.filter((result) => result !== harmless && result !== 'TIMESTAMP_INVALID')).toEqual([])
    expect(results.length).toBeGreaterThan(100)
    expect(results.filter((result) => result === harmless).length).toBeLessThan(results.length / 20)
  })
})

describe('a hostile or broken authority', () => {
  const replyTo = async (imprintOf: Buffer, change: (query: Buffer) => Buffer) => tsa.reply(change(imprintOf))

  it.each<[what: string, tamper: NonNullable<TestAuthority['tamper']>, reason: RegExp]>([
    ['another imprint', async () => tsa.reply(encodeRequest(new Uint8Array(32), Uint8Array.of(0x40, 1, 2, 3))), /over something else/],
    [
      'another nonce',
      (_reply, query) => replyTo(query, (bytes) => Buffer.from(encodeRequest(imprintIn(bytes), Uint8Array.of(0x40, 1, 2, 3)))),
      /its nonce is not the one/,
    ],
    ['a refusal', () => refusalResponse(), /was not granted: status 2/],
    ['nothing', () => Buffer.alloc(0), /malformed/],
    ['half of it', (reply) => reply.subarray(0, reply.length >> 1), /malformed/],
    ['more behind it', (reply) => Buffer.concat([reply, Buffer.from([0])]), /malformed/],
    ['more than can be', () => Buffer.alloc(100_000), /more than 65536 bytes/],
    ['a page', () => Buffer.from('<html>'), /malformed/],
  ])('that answers with %s is refused', async (_what, tamper, reason) => {
    await expect(askTampered(tsa, tamper)).rejects.toThrow(reason)
  })

  it.each<[what: string, leaf: LeafOptions, reason: RegExp]>([
    ['for another purpose', { extensions: ['extendedKeyUsage=critical,codeSigning'] }, /is not for time stamping alone/],
    ['for one purpose too many', { extensions: ['extendedKeyUsage=critical,timeStamping,codeSigning'] }, /is not for time stamping alone/],
    ['for any purpose', { extensions: ['extendedKeyUsage=critical,anyExtendedKeyUsage'] }, /is not for time stamping alone/],
    ['whose purpose is not critical', { extensions: ['extendedKeyUsage=timeStamping'] }, /is not for time stamping alone/],
    ['that has no purpose', {}, /is not for time stamping alone/],
    [
      'whose key may not sign',
      { extensions: ['extendedKeyUsage=critical,timeStamping', 'keyUsage=critical,keyAgreement'] },
      /may not make signatures/,
    ],
    ['that has expired', { extensions: ['extendedKeyUsage=critical,timeStamping'], days: -1 }, /expired on/],
  ])('with a certificate %s is refused', async (_what, leaf, reason) => {
    const authority = makeAuthority(temporaryFolder())
    const chain = (options: LeafOptions) =>
      validateChain([authority.issue('tsa', options).der], parseRoots([authority.der]), new Date(), 'time stamping')
    await expect(chain(leaf)).rejects.toThrow(reason)
    await expect(chain({ extensions: ['extendedKeyUsage=critical,timeStamping', 'keyUsage=critical,nonRepudiation'] })).resolves.toMatchObject({
      subject: 'CN=tsa',
    })
  })

  it('whose time is far from ours, or that is not there, is refused', async () => {
    const late: Clock = { now: () => new Date(Date.now() + 3_600_000), monotonicMs: () => 0 }
    await expect(ask(tsa, [tsa.root], late)).rejects.toThrow(/s off our clock/)
    await expect(
      timestampNote(note, { name: NAME, url: 'http://127.0.0.1:1/', roots: [] }, systemClock, AbortSignal.timeout(100_000)),
    ).rejects.toThrow(/gives no answer/)
  })
})

/** The 32 bytes behind the OCTET STRING header of the only digest in a request. */
function imprintIn(query: Buffer): Uint8Array {
  const at = query.indexOf(Buffer.from([0x04, 0x20]))
  return Uint8Array.from(query.subarray(at + 2, at + 34))
}

/** SEQUENCE { SEQUENCE { INTEGER 2 (rejection) } } */
function refusalResponse(): Buffer {
  return Buffer.from([0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02])
}

describe('the response', () => {
  it('without a token is refused even if it was granted', () => {
    expect(() => decodeResponse(Uint8Array.of(0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00))).toThrow(/has no token/)
  })
})
