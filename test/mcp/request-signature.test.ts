/** request_signature: only where it is enabled, only for what is allowed, and only with a person's consent to what they were shown. */
import { appendFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect } from '#client'
import { verifyModelFiles } from '#client/offline'
import { type Era, ERAS, type Host, startMcp } from '../support/mcp-host.ts'
import { tinyModel } from '../support/models.ts'
import { initHome, run, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const resources = new AsyncDisposableStack()
const folder = resources.use(temporaryFolder())
const allowed = join(folder.path, 'allowed')
const other = join(folder.path, 'other')
let home: string
let hosts: readonly Host[]
let log: ReturnType<typeof connect>

beforeAll(async () => {
  const installation = resources.use(await initHome())
  home = installation.home
  const daemon = resources.use(await startDaemon(home))
  log = resources.use(connect({ address: `unix:${daemon.socket}` }))
  for (const parent of [allowed, other]) mkdirSync(parent)
  hosts = await Promise.all(ERAS.map(async (era) => resources.use(await startHost(era))))
})

beforeEach(() => {
  person.first = () => {}
  person.shown = []
})

afterAll(() => resources.disposeAsync())

/** What the person at every host answers, after doing something; and what they were shown. */
const person: { answer: { action: 'accept' | 'decline' | 'cancel'; content?: { sign: boolean } }; first: () => void; shown: string[] } = {
  answer: { action: 'decline' },
  first: () => {},
  shown: [],
}

const AGREED = { action: 'accept', content: { sign: true } } as const

async function startHost(era: Era): Promise<Host> {
  const prepare = (client: Client): void => {
    client.setRequestHandler('elicitation/create', ({ params }) => {
      person.shown.push(params.message)
      person.first()
      return person.answer
    })
  }
  const args = ['--root', folder.path, '--allow-signing', '--signing-root', allowed, '--signing-key', 'default']
  return startMcp(args, { era, home, client: { capabilities: { elicitation: { form: {} } } }, prepare })
}

const verifies = async (path: string): Promise<boolean> =>
  (await verifyModelFiles({ path, trust: { kind: 'trust-file', path: join(home, 'trust.json') } })).ok

const intents = async (): Promise<number> => (await Array.fromAsync(log.listEntries({ kind: 'intent' }))).length

describe.each(ERAS.map((era, at) => ({ era, at })))('over $era', ({ era, at }) => {
  it('shows the person path, digest and key, and signs what they agreed to', async () => {
    const model = tinyModel(join(allowed, `agreed-${era}`))
    const host = hosts[at] as Host
    person.answer = AGREED
    const { structured } = await host.call('request_signature', { path: model })
    expect(structured).toMatchObject({ signed: true, key: 'default', files: 3, path: { untrusted: model } })
    expect(person.shown).toEqual([expect.stringContaining(`Path: ${model}\nDigest: sha256:${String(structured?.['rootDigest'])}\nContent: 3 files`)])
    expect(person.shown[0]).toContain('Key: default')
    expect(await verifies(model)).toBe(true)
    const entries = await Array.fromAsync(log.listEntries({ modelDigest: String(structured?.['rootDigest']), kind: 'outcome' }))
    expect(Number(entries.at(-1)?.index)).toBe(structured?.['entry'])
    const tool = (await host.tools()).find(({ name }) => name === 'request_signature')
    expect(tool?.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true, idempotentHint: false })
  })

  it.each([
    ['declined', { action: 'decline' }],
    ['went away', { action: 'cancel' }],
    ['answered with something else', { action: 'accept', content: { sign: 'true' } as never }],
    ['accepted without ticking', { action: 'accept', content: { sign: false } }],
  ] as const)('signs nothing where the person %s', async (what, answer) => {
    const model = tinyModel(join(allowed, `${what.replaceAll(' ', '-')}-${era}`))
    const host = hosts[at] as Host
    person.answer = answer
    const before = await intents()
    const { isError, text } = await host.call('request_signature', { path: model })
    expect(isError).toBe(true)
    expect(JSON.parse(text)).toMatchObject({
      error: { code: 'PERMISSION_DENIED', message: { untrusted: expect.stringContaining('did not approve') } },
    })
    expect(existsSync(join(model, 'model.sig'))).toBe(false)
    expect(await intents()).toBe(before)
  })
})

describe('request_signature', () => {
  it('signs what was shown and not what was put in its place while the person read', async () => {
    const model = tinyModel(join(allowed, 'swapped'))
    person.answer = AGREED
    person.first = () => appendFileSync(join(model, 'weights/a.bin'), 'evil')
    expect((await (hosts[1] as Host).call('request_signature', { path: model })).structured).toMatchObject({ signed: true })
    expect(await verifies(model)).toBe(false)
  })

  it('asks nobody about a path that they would not see whole', async () => {
    const long = join(allowed, ...Array.from({ length: 4 }, () => 'a'.repeat(200)))
    mkdirSync(long, { recursive: true })
    const host = hosts[1] as Host
    person.answer = AGREED
    for (const path of [tinyModel(join(long, 'model')), tinyModel(join(allowed, 'model\u202e'))]) {
      expect(JSON.parse((await host.call('request_signature', { path })).text).error.code).toBe('PATH_INVALID')
    }
    expect(person.shown).toEqual([])
  })

  it('reads no signature that a link leads to', async () => {
    tinyModel(join(other, 'secret'))
    expect((await run(['sign', join(other, 'secret')], { home })).code).toBe(0)
    mkdirSync(join(allowed, 'linked'))
    writeFileSync(join(allowed, 'linked/one.bin'), 'x')
    symlinkSync(join(other, 'secret/model.sig'), join(allowed, 'linked/model.sig'))
    const { text } = await (hosts[1] as Host).call('request_signature', { path: join(allowed, 'linked/one.bin') })
    expect(JSON.parse(text).error.code).toBe('FILE_UNREADABLE')
  })

  it('asks nobody about other directories and other keys', async () => {
    tinyModel(join(other, 'model'))
    const host = hosts[1] as Host
    person.answer = AGREED
    for (const input of [{ path: join(other, 'model') }, { path: tinyModel(join(allowed, 'key')), key: 'prod' }]) {
      const { text } = await host.call('request_signature', input)
      expect(JSON.parse(text).error.code).toBe('PERMISSION_DENIED')
    }
    expect(person.shown).toEqual([])
  })

  it('cannot be answered with a state that nobody was given, nor twice with the same', async () => {
    const model = tinyModel(join(allowed, 'forged'))
    const { client } = hosts[1] as Host
    const call = { name: 'request_signature', arguments: { path: model } }
    const answer = (requestState: string): Promise<unknown> =>
      client.request({ method: 'tools/call', params: { ...call, requestState, inputResponses: { approval: AGREED } } } as never)
    const before = await intents()
    for (const forged of ['00000000-0000-0000-0000-000000000000', '']) expect(await answer(forged)).toMatchObject({ isError: true })
    expect(await intents()).toBe(before)
    const asked = (await client.request({ method: 'tools/call', params: call }, { allowInputRequired: true })) as unknown as { requestState: string }
    expect(await answer(asked.requestState)).toMatchObject({ structuredContent: { signed: true } })
    expect(await answer(asked.requestState)).toMatchObject({ isError: true })
    expect(await intents()).toBe(before + 1)
  })

  it('is refused by a host that cannot ask a person, before anything is read', async () => {
    const model = tinyModel(join(allowed, 'unasked'))
    const refusals = ERAS.map(async (era) => {
      await using host = await startMcp(['--root', allowed, '--allow-signing', '--signing-key', 'default'], { era, home })
      return JSON.parse((await host.call('request_signature', { path: model })).text) as unknown
    })
    for (const refusal of await Promise.all(refusals)) {
      expect(refusal).toMatchObject({ error: { code: 'PERMISSION_DENIED', nextStep: { untrusted: 'have a person run: sealstone sign MODEL' } } })
    }
  })

  it('is not allowed by halves, and never over HTTP', async () => {
    const signing = ['--root', allowed, '--allow-signing', '--signing-key', 'default']
    for (const args of [
      [...signing, '--listen', '127.0.0.1:0'],
      ['--root', allowed, '--allow-signing'],
      ['--signing-key', 'default'],
    ]) {
      expect((await run(['mcp', 'serve', ...args], { home })).code).toBe(2)
    }
  })
})
