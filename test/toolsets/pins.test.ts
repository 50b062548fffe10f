/** Pins: believed only as they were written, by their owner, for the server that they are of. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Offer, pinPath, type PinTarget, readOfferFile, readPin, writePin } from '#toolsets'
import { temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
let places = 0
const offer: Offer = {
  server: { name: 'files', version: '1' },
  tools: [{ name: 'b' }, { name: 'a' }],
  prompts: [],
  resources: [],
  resourceTemplates: [],
}
const target: PinTarget = { command: 'files-server', args: ['--root', '/srv'] }
const approvedAt = '2026-06-01T00:00:00.000Z'

async function pinned(): Promise<{ pins: string; path: string }> {
  const pins = join(folder.path, `${++places}`, 'mcp', 'pins')
  await writePin(pins, { target, offer, approvedAt })
  return { pins, path: pinPath(pins, target) }
}

describe('a pin', () => {
  it('gives back what was approved, of this command and no other', async () => {
    const { pins, path } = await pinned()
    const pin = await readPin(pins, target)
    expect(pin).toMatchObject({ target, approvedAt })
    expect(pin?.offer.tools).toEqual([{ name: 'a' }, { name: 'b' }])
    expect(await readOfferFile(path)).toEqual(pin?.offer)
    for (const other of [
      { ...target, args: ['--root', '/'] },
      { command: 'files-server --root', args: ['/srv'] },
      { url: 'https://files.example/mcp' },
    ])
      expect(await readPin(pins, other)).toBeUndefined()
  })

  it('is for its owner alone, and leaves nothing else behind', async () => {
    const { pins, path } = await pinned()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(pins).mode & 0o777).toBe(0o700)
    expect(readdirSync(pins)).toHaveLength(1)
  })

  it('is replaced by a later approval', async () => {
    const { pins } = await pinned()
    await writePin(pins, { target, offer: { ...offer, tools: [] }, approvedAt })
    expect((await readPin(pins, target))?.offer.tools).toEqual([])
  })

  it.each<[how: string, text: (text: string) => string]>([
    ['was cut', (text) => text.slice(0, -20)],
    ['is empty', () => ''],
    ['was edited', (text) => text.replace('"name":"a"', '"name":"c"')],
    ['is of a later version', (text) => text.replace('"version":1}', '"version":2}')],
    ['has a member more', (text) => text.replace('"digest"', '"note":1,"digest"')],
    ['has a member twice', (text) => text.replace('"digest"', '"version":1,"digest"')],
    ['names another command', (text) => text.replace('/srv', '/etc')],
    ['has no time', (text) => text.replace(approvedAt, 'yesterday')],
  ])('that %s is refused', async (_, edit) => {
    const { pins, path } = await pinned()
    const text = readFileSync(path, 'utf8')
    expect(edit(text)).not.toBe(text)
    writeFileSync(path, edit(text))
    await expect(readPin(pins, target)).rejects.toMatchObject({ code: 'APPROVAL_INVALID' })
  })

  it('of another server, moved to its place, is refused', async () => {
    const { pins, path } = await pinned()
    const other = { url: 'https://files.example/mcp' }
    await writePin(pins, { target: other, offer, approvedAt })
    renameSync(pinPath(pins, other), path)
    await expect(readPin(pins, target)).rejects.toMatchObject({ code: 'APPROVAL_INVALID', message: expect.stringContaining('another server') })
  })

  it('that others can read or write is refused, and so is its folder', async () => {
    const { pins, path } = await pinned()
    chmodSync(path, 0o640)
    await expect(readPin(pins, target)).rejects.toMatchObject({ code: 'APPROVAL_INVALID', hint: `close it with: chmod go= ${path}` })
    chmodSync(path, 0o600)
    chmodSync(pins, 0o777)
    await expect(readPin(pins, target)).rejects.toMatchObject({ code: 'APPROVAL_INVALID' })
    await expect(writePin(pins, { target, offer, approvedAt })).rejects.toMatchObject({ code: 'APPROVAL_INVALID' })
  })

  it('is not written where its place cannot be', async () => {
    const { pins, path } = await pinned()
    const before = readFileSync(path)
    mkdirSync(pinPath(pins, { url: 'https://files.example/mcp' }))
    await expect(writePin(pins, { target: { url: 'https://files.example/mcp' }, offer, approvedAt })).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    })
    await expect(writePin(pins, { target, offer: { ...offer, tools: [{ name: 'a' }, { name: 'a' }] }, approvedAt })).rejects.toMatchObject({
      code: 'OFFER_INVALID',
    })
    expect(readFileSync(path)).toEqual(before)
  })
})
