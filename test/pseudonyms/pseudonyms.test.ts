/** Pseudonyms of callers: the same for the same key and name, judged by OpenSSL; no key, no name; no caller can claim one. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { parseIdentity } from '#core'
import { isPseudonym, openPseudonyms, pseudonymOf, readPseudonymKey } from '#pseudonyms'

const PUBLISHER = parseIdentity('spiffe://registry.example/publisher')
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealstone-pseudonyms-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  path = join(folder, 'pseudonym.key')
})

describe('a pseudonym', () => {
  it('is what OpenSSL makes of key and name', () => {
    const names = openPseudonyms(path, true)
    const key = readFileSync(path, 'utf8').trim()
    const mac = execFileSync('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key}`, '-binary'], { input: PUBLISHER })
    expect(names.write(PUBLISHER)).toBe(`p:${mac.subarray(0, 16).toString('base64url')}`)
  })

  it('is the same at the next start, and another one for another caller or another key', () => {
    const first = openPseudonyms(path, true).write(PUBLISHER)
    expect(openPseudonyms(path, true).write(PUBLISHER)).toBe(first)
    expect(openPseudonyms(path, true).write(parseIdentity('spiffe://registry.example/publisher2'))).not.toBe(first)
    expect(openPseudonyms(join(folder, 'other.key'), true).write(PUBLISHER)).not.toBe(first)
  })

  it('of a pseudonym is itself, and the daemon and those without a name have none', () => {
    const names = openPseudonyms(path, true)
    const once = names.write(PUBLISHER)
    expect(isPseudonym(once)).toBe(true)
    expect(names.write(once)).toBe(once)
    for (const name of ['local', 'loopback', 'unknown']) expect(names.write(parseIdentity(name))).toBe(name)
  })

  it('is found under the name, under its key and under those before', () => {
    const before = openPseudonyms(path, true).write(PUBLISHER)
    renameSync(path, `${path}.2026`)
    const names = openPseudonyms(path, true)
    const now = names.write(PUBLISHER)
    expect(names.find(PUBLISHER)).toEqual([PUBLISHER, now, before])
    expect(names.find(now)).toEqual([now])
    // Also when callers are written by their names again.
    const off = openPseudonyms(path, false)
    expect(off.write(PUBLISHER)).toBe(PUBLISHER)
    expect(off.find(PUBLISHER)).toEqual([PUBLISHER, now, before])
  })

  it('is of 24 characters whatever the name', () => {
    for (const name of ['a.b', 'x'.repeat(2048)]) expect(pseudonymOf(new Uint8Array(32), name)).toHaveLength(24)
  })
})

describe('the key', () => {
  it('is made at first use, for its owner alone, and not before', () => {
    openPseudonyms(path, false)
    expect(readdirSync(folder)).toEqual([])
    openPseudonyms(path, true)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readPseudonymKey(path)).toHaveLength(32)
  })

  it('is refused when others may read it', () => {
    openPseudonyms(path, true)
    chmodSync(path, 0o640)
    expect(() => openPseudonyms(path, true)).toThrow('want 0600')
  })

  it.each([
    ['nothing', ''],
    ['half a key', `${'ab'.repeat(16)}\n`],
    ['much', 'ab'.repeat(4096)],
  ])('is not replaced when the file holds %s', (_, text) => {
    writeFileSync(path, text, { mode: 0o600 })
    expect(() => openPseudonyms(path, true)).toThrow('is no key')
    expect(readFileSync(path, 'utf8')).toBe(text)
  })
})
