/** A token whose answers are wrong by one bit, behind the real daemon: nothing wrong is released, whichever signature it was, and the next one is good. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '#client'
import { parseTrustFile } from '#envelopes'
import { formatTokenUri } from '#keyhost'
import { nativeEngine } from '#suites/native'
import { type FaultyToken, makeFaultyToken } from '../support/fault-module.ts'
import { judgeAnswer, signRequest } from '../support/live-signing.ts'
import { tinyModel } from '../support/models.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const SIGNATURES = ['model.sig', 'model.hybrid.sig']
const REFUSED = 'audit log entries could not be written'
const folder = temporaryFolder()
const model = tinyModel(join(folder.path, 'model'))
let token: FaultyToken
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon

beforeAll(async () => {
  token = await makeFaultyToken()
  const settings = Object.entries(token.env).flatMap(([name, value]) => ['--token-env', `${name}=${value}`])
  home = await initHome(['--token', formatTokenUri(token.location), ...settings])
  // Each signing asks the token for the seed, so that the token can lie about it.
  const config = join(home.home, 'config.toml')
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace('# keep_keys_ms = 2000', 'keep_keys_ms = 0').replace('# canary_seconds = 30', 'canary_seconds = 86400'),
  )
  daemon = await startDaemon(home.home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  for (const made of [home, token, folder]) made[Symbol.dispose]()
})

describe.each([
  // In the order of the calls: the two halves that callers get, then what signs the log. A checkpoint that does not verify is never stored;
  // the client repeats the request under its idempotency key, so its user sees nothing of it.
  ['C_Sign', ['SIGNATURE_MISMATCH', 'SIGNATURE_MISMATCH', 'signed at the second attempt']],
  ['C_Decrypt', ['SIGNATURE_MISMATCH', 'signed at the second attempt']],
])('%s', (fn, expected) => {
  it('wrong at any of its calls for one signing: nothing wrong is written, and the next signature verifies', async () => {
    await signWell() // the first signature of a key host comes after a test of the key
    const before = token.calls(fn)
    await signWell()
    const outcomes: string[] = []
    for (let call = token.calls(fn) - before; call > 0; call--) {
      token.inject({ fn, action: 'flip', call })
      const outcome = await signWith()
      outcomes.unshift(outcome)
      token.clear()
      // What did not verify put its key into quarantine: a person looks, and enables it again.
      if (outcome === 'SIGNATURE_MISMATCH') await enableAgain()
      await signWell()
    }
    expect(outcomes).toEqual(expected)
  })
})

it('wrong once in a batch: that one is refused, the others are answered and verify', async () => {
  const client = connect({ address: `unix:${daemon.socket}`, attempts: 1 })
  const trust = parseTrustFile(readFileSync(join(home.home, 'trust.json')), nativeEngine())
  token.inject({ fn: 'C_Sign', action: 'flip', call: 3 })
  const results = await client.signBatch(Array.from({ length: 4 }, () => signRequest()))
  token.clear()
  expect(results.flatMap((result) => (result.ok ? [] : [result.error.code]))).toEqual(['SIGNATURE_MISMATCH'])
  const verdicts = await Promise.all(results.flatMap((result) => (result.ok ? [judgeAnswer(result.answer, trust)] : [])))
  expect(verdicts.map(({ ok }) => ok)).toEqual([true, true, true])
  await client.close()
  await enableAgain()
  await signWell()
})

async function enableAgain(): Promise<void> {
  expect((await run(['sign', model], home)).stderr).toMatch(/is in quarantine/)
  await runOk(['keys', 'enable', 'default'], home)
}

async function signWell(): Promise<void> {
  await runOk(['sign', model], home)
  await verifyAndRemove()
}

/** While the token lies. */
async function signWith(): Promise<string> {
  const refused = daemon.log().split(REFUSED).length
  const { code, stdout } = await run(['sign', model, '--json'], home)
  if (code === 0) {
    await verifyAndRemove()
    return daemon.log().split(REFUSED).length > refused ? 'signed at the second attempt' : 'signed as if nothing were wrong'
  }
  if (SIGNATURES.some((name) => existsSync(join(model, name)))) return 'an error, and a signature all the same'
  return (JSON.parse(stdout) as { readonly error: { readonly code: string } }).error.code
}

async function verifyAndRemove(): Promise<void> {
  await runOk(['verify', model], home)
  for (const name of SIGNATURES) rmSync(join(model, name))
}
