/** verify_model through the real process and the protocol's official client, in both eras. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashModel } from '#hashing'
import { toHex } from '#core'
import { ERAS, type Host, startMcp } from '../support/mcp-host.ts'
import { softwareSigner } from '../support/model-signer.ts'
import { sparseFile, tinyModel } from '../support/models.ts'
import { LAUNCHER, temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
const models = join(folder.path, 'models')
const outside = join(folder.path, 'outside')
const trust = join(folder.path, 'trust.json')
const signer = softwareSigner()
const hosts: Host[] = []

beforeAll(async () => {
  for (const name of ['good', 'changed', 'evil']) {
    mkdirSync(join(models, name), { recursive: true })
    await signer.signInto(tinyModel(join(models, name)))
  }
  appendFileSync(join(models, 'changed/weights/a.bin'), 'tampered')
  mkdirSync(outside)
  await signer.signInto(tinyModel(outside))
  writeFileSync(trust, signer.trustBytes)
  for (const era of ERAS) hosts.push(await startMcp(['--root', models, '--trust', trust], { era }))
})

afterAll(async () => {
  for (const host of hosts) await host[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const anyHost = (): Host => hosts[0] as Host

describe.each(ERAS.map((era, at) => ({ era, at })))('over stdio, $era', ({ era, at }) => {
  const host = (): Host => hosts[at] as Host

  it('speaks the era that the client asked for', () => {
    expect(host().client.getProtocolEra()).toBe(era === 'handshake' ? 'legacy' : 'modern')
  })

  it('answers every check of a good model, by a path relative to the root', async () => {
    const { structured, text, isError } = await host().call('verify_model', { path: 'good' })
    expect(isError).toBe(false)
    expect(structured).toMatchObject({ ok: true, outcome: 'verified', signer: { keyName: 'default' }, differences: [] })
    expect(structured?.['checks']).toContainEqual({ name: 'hybrid-signature', status: 'passed', reason: { untrusted: expect.any(String) } })
    expect(JSON.parse(text)).toEqual(structured)
  })

  it('names the file that changed, and what a person should do', async () => {
    const { structured } = await host().call('verify_model', { path: join(models, 'changed') })
    expect(structured).toMatchObject({ ok: false, outcome: 'failed', differencesTotal: 1 })
    expect(structured?.['differences']).toMatchObject([{ file: { untrusted: 'weights/a.bin' }, kind: 'changed' }])
    expect(structured?.['nextStep']).toContain('do not use the model')
  })

  it('says of what it cannot do which step comes next', async () => {
    const { isError, text, structured } = await host().call('verify_model', {})
    expect({ isError, structured }).toEqual({ isError: true, structured: undefined })
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'INPUT_INVALID', nextStep: { untrusted: expect.stringContaining('send path alone') } } })
  })

  it('says in its annotations that it changes nothing and stays here', async () => {
    const tool = (await host().tools()).find(({ name }) => name === 'verify_model')
    expect(tool?.annotations).toEqual({
      title: 'Verify a model',
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    })
    expect(tool?.outputSchema?.['required']).toContain('checks')
  })
})

describe('signatures and digests that the caller holds', () => {
  const text = (name: string): string => readFileSync(join(models, 'good', name), 'utf8')
  const digests = async (): Promise<{ name: string; digest: string }[]> =>
    (await hashModel(join(models, 'good'), { always: ['model.sig', 'model.hybrid.sig'] })).resources.map(({ name, digest }) => ({
      name,
      digest: toHex(digest),
    }))

  it('verify without a path', async () => {
    const { structured } = await anyHost().call('verify_model', {
      modelSig: text('model.sig'),
      hybridSig: text('model.hybrid.sig'),
      digests: await digests(),
    })
    expect(structured).toMatchObject({ ok: true, outcome: 'verified' })
  })

  it('are not called verified where no file was compared', async () => {
    const { structured } = await anyHost().call('verify_model', { hybridSig: text('model.hybrid.sig') })
    expect(structured).toMatchObject({ ok: false, outcome: 'signature-only' })
  })

  it('fail with a digest that is another one, and with one that is missing', async () => {
    const [first, ...rest] = await digests()
    const changed = [{ name: first?.name, digest: 'ab'.repeat(32) }, ...rest]
    const hybridSig = text('model.hybrid.sig')
    expect((await anyHost().call('verify_model', { hybridSig, digests: changed })).structured).toMatchObject({ ok: false, outcome: 'failed' })
    expect((await anyHost().call('verify_model', { hybridSig, digests: rest })).structured).toMatchObject({ ok: false, differencesTotal: 1 })
  })
})

describe('paths', () => {
  it.each([
    ['..', '../outside'],
    ['an absolute path', outside],
    ['a link out of the root', 'link'],
    ['what is not there', 'nothing'],
    ['a zero byte', 'good\0'],
    ['a file of the system', '/etc/passwd'],
  ])('outside of the roots are refused, and not told from what is not there: %s', async (_what, path) => {
    if (path === 'link') symlinkSync(outside, join(models, 'link'))
    const { isError, text } = await anyHost().call('verify_model', { path })
    expect(isError).toBe(true)
    expect(JSON.parse(text).error.code).toMatch(/^(PERMISSION_DENIED|PATH_INVALID)$/)
  })

  it('are all refused without a root', async () => {
    await using host = await startMcp(['--trust', trust])
    const { text } = await host.call('verify_model', { path: join(models, 'good') })
    expect(JSON.parse(text).error).toMatchObject({ code: 'PERMISSION_DENIED', message: { untrusted: 'this server reads no paths' } })
  })

  it('of signatures that lead out of the root are not read', async () => {
    const secret = join(folder.path, 'secret.json')
    renameSync(join(models, 'evil/model.hybrid.sig'), secret)
    symlinkSync(secret, join(models, 'evil/model.hybrid.sig'))
    const { isError, text } = await anyHost().call('verify_model', { path: 'evil' })
    expect(isError).toBe(true)
    expect(JSON.parse(text).error).toMatchObject({ code: 'FILE_UNREADABLE', message: { untrusted: expect.stringContaining('leads out of') } })
  })
})

describe('hashing', () => {
  it('tells how far it is and ends when the host cancels', async () => {
    const big = join(models, 'big')
    mkdirSync(big)
    await signer.signInto(tinyModel(big))
    sparseFile(join(big, 'weights/a.bin'), 64 * 1024 ** 3) // an hour of reading
    const controller = new AbortController()
    const progress: number[] = []
    const call = anyHost().call(
      'verify_model',
      { path: 'big' },
      {
        signal: controller.signal,
        onprogress: ({ progress: done }) => {
          progress.push(done)
          if (progress.length === 3) controller.abort()
        },
      },
    )
    await expect(call).rejects.toThrow()
    expect(progress).toHaveLength(3)
    expect(progress.toSorted((left, right) => left - right)).toEqual(progress)
    // The slot is free again at once.
    expect((await anyHost().call('verify_model', { path: 'good' })).structured).toMatchObject({ ok: true })
  })

  it('ends with the process when the host goes away', async () => {
    const child = spawn(LAUNCHER, ['mcp', 'serve', '--root', models, '--trust', trust, '--home', folder.path], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = once(child, 'close')
    const message = (id: number, method: string, params: object): string => `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`
    child.stdin.write(message(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } }))
    child.stdin.write(message(2, 'tools/call', { name: 'verify_model', arguments: { path: 'big' }, _meta: { progressToken: 1 } }))
    let text = ''
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        if (text.includes('notifications/progress')) resolve()
      })
    })
    child.stdin.end()
    expect(await ended).toEqual([0, null])
  })
})
