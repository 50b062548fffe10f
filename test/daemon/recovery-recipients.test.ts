/** Recipients of recovery blobs, as config.toml names them. */
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { parseRecipients } from '../../src/daemon/recovery-recipients.ts'

describe('recovery recipients', () => {
  it('are X25519 and post-quantum ones', async () => {
    const recipients = [await identityToRecipient(await generateX25519Identity()), await identityToRecipient(await generateHybridIdentity())]
    expect(recipients[1]).toMatch(/^age1pq1/)
    expect(parseRecipients(recipients)).toEqual(recipients)
    expect(parseRecipients([])).toEqual([])
  })

  it('are never a secret identity, which an error does not repeat', async () => {
    const identity = await generateX25519Identity()
    const refused = (() => {
      try {
        return parseRecipients([identity])
      } catch (error) {
        return error
      }
    })()
    expect(refused).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(/secret identity/) })
    expect(String(refused)).not.toContain(identity)
  })

  it.each<[string, (good: string) => unknown]>([
    ['a text', (good) => good],
    ['a number', () => [1]],
    ['one twice', (good) => [good, good]],
    ['one with a letter changed', (good) => [`${good.slice(0, -1)}${good.endsWith('q') ? 'p' : 'q'}`]],
    ['an SSH key', () => ['ssh-ed25519 AAAA']],
    ['nine', () => Array.from({ length: 9 }, () => 'age1')],
    ['a huge text', () => [`age1${'q'.repeat(1_000_000)}`]],
  ])('are not %s', async (_, make) => {
    const good = await identityToRecipient(await generateX25519Identity())
    expect(() => parseRecipients(make(good))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})
