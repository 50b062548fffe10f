/** The story of a signature, by every name that it has; and what it says of a log that is not the right one. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, connect } from '#client'
import { tinyModel } from '../support/models.ts'
import { initHome, run, type RunningDaemon, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'

let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let client: Client
const folder = temporaryFolder()
const model = tinyModel(join(folder.path, 'tiny-model'))
const hybrid = join(model, 'model.hybrid.sig')
let signed: { leafIndex: number; operationId: string }

beforeAll(async () => {
  home = await initHome()
  daemon = await startDaemon(home.home)
  client = connect({ address: `unix:${daemon.socket}` })
  signed = JSON.parse((await runOk(['sign', model, '--json'], home)).stdout) as typeof signed
})
afterAll(async () => {
  await client.close()
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

interface Shown {
  readonly index: number
  readonly story: { readonly ok: boolean; readonly steps: readonly { step: string; status: string; text: string; facts: Record<string, unknown> }[] }
}

async function show(...args: string[]): Promise<Shown> {
  return JSON.parse((await runOk(['audit', 'show', '--json', ...args], home)).stdout) as Shown
}

const stepsOf = ({ story }: Shown): string[] => story.steps.map(({ step, status }) => `${step} ${status}`)

describe('the story of a signature', () => {
  it('goes from the request to the receipt and the key, checked here and now', async () => {
    const shown = await show(String(signed.leafIndex))
    expect(shown).toMatchObject({ index: signed.leafIndex, operationId: signed.operationId, kind: 'outcome', story: { ok: true } })
    expect(stepsOf(shown).slice(0, 8)).toEqual([
      'request told',
      'decision told',
      'intent told',
      'signature told',
      'signature told',
      'outcome told',
      'receipt proven',
      'key proven',
    ])
    const [request, , , main] = shown.story.steps
    expect(request?.text).toBe('local asked for sign of tiny-model')
    expect(main?.text).toBe('hybrid signature by key default version 1, mldsa65-ecdsa-p256')
    expect(main?.facts['ml-dsa half']).toMatch(/^sealed by the token \(aes-256-gcm\)/)
    expect(main?.facts['classical half']).toMatch(/^in the token, sensitive, not extractable/)
  })

  it('is the same by the operation, the intent, model.hybrid.sig, the model and a receipt file', async () => {
    const receipt = join(folder.path, 'receipt.txt')
    await runOk(['audit', 'receipt', String(signed.leafIndex), '-o', receipt], home)
    const byIndex = await show(String(signed.leafIndex))
    expect(stepsOf(await show(signed.operationId))).toEqual(stepsOf(byIndex))
    expect(stepsOf(await show(String(signed.leafIndex - 1)))).toEqual(stepsOf(byIndex))
    for (const evidence of [hybrid, model, receipt]) {
      const shown = await show(evidence)
      expect(shown.story.ok).toBe(true)
      expect(shown.story.steps.filter(({ step, status }) => step === 'receipt' && status === 'proven')).toHaveLength(2)
    }
  })

  it('for people names every step, and tells the state of the key then and now', async () => {
    await client.disableKey({ name: 'default', version: 1 })
    try {
      const { stdout } = await runOk(['audit', 'show', hybrid], home)
      for (const step of ['request', 'decision', 'intent', 'signature', 'outcome', 'receipt', 'key'])
        expect(stdout).toMatch(new RegExp(`^${step} `, 'm'))
      expect(stdout).toMatch(/key default version 1 is suspended since .*; it signed at/)
    } finally {
      await client.enableKey({ name: 'default', version: 1 })
    }
  })
})

describe('the story of another entry', () => {
  it('tells an event with what its leaf says', async () => {
    const shown = await show('0')
    expect(stepsOf(shown)).toEqual(['request told', 'event told', 'receipt proven'])
  })

  it('is refused where the log has none', async () => {
    await expect(run(['audit', 'show', 'f'.repeat(32)], home)).resolves.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no entry of operation'),
    })
    await expect(run(['audit', 'show', '99999'], home)).resolves.toMatchObject({ code: 2, stderr: expect.stringContaining('no entry 99999') })
  })
})

describe('what does not hold', () => {
  it('is told of a signature from another log, with exit code 1', async () => {
    using other = await initHome([])
    await using _second = await startDaemon(other.home)
    const elsewhere = tinyModel(join(folder.path, 'elsewhere'))
    await runOk(['sign', elsewhere], other)
    const { code, stdout } = await run(['audit', 'show', '--json', elsewhere], home)
    // Our log has no such operation.
    expect({ code, error: (JSON.parse(stdout) as { error?: { code: string } }).error?.code }).toEqual({ code: 2, error: 'ENTRY_UNKNOWN' })
    const strange = await run(['audit', 'show', '--trust', join(other.home, 'trust.json'), hybrid], home)
    expect(strange.code).toBe(1)
    expect(strange.stdout).toMatch(/receipt +WRONG +the receipt that you hold does not hold/)
  })

  it('is told of a receipt whose proof was changed', async () => {
    const document = JSON.parse(readFileSync(hybrid, 'utf8')) as { receipt: { proof: string } }
    document.receipt.proof = document.receipt.proof.replace(/^index \d+$/m, 'index 1')
    const changed = join(folder.path, 'changed.hybrid.sig')
    writeFileSync(changed, `${JSON.stringify(document)}\n`)
    const { code, stdout } = await run(['audit', 'show', changed], home)
    expect(code).toBe(1)
    expect(stdout).toMatch(/receipt +WRONG +the log does not have the entry that you hold at 1/)
  })
})
