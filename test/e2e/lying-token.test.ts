/** A token whose answers are wrong by one bit, behind the real daemon: nothing wrong is released, whichever signature it was, and the next one is good. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatTokenUri } from '#keyhost'
import { type FaultyToken, makeFaultyToken } from '../support/fault-module.ts'
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
    const before = token.calls(fn)
    await signWell()
    const outcomes: string[] = []
    for (let call = token.calls(fn) - before; call > 0; call--) {
      token.inject({ fn, action: 'flip', call })
      outcomes.unshift(await signWith())
      token.clear()
      await signWell()
    }
    expect(outcomes).toEqual(expected)
  })
})

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
