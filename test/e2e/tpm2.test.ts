/** The whole walk on a TPM: init, serve, sign, verify, a killed daemon, a TPM that goes away. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatTokenUri } from '#keyhost'
import { initHome, run, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'
import { makeTpmToken, type TpmToken } from '../support/tpm2.ts'

let token: TpmToken
let home: Awaited<ReturnType<typeof initHome>>

beforeAll(async () => {
  token = await makeTpmToken('walk')
  const env = Object.entries(token.location.env ?? {}).flatMap(([name, value]) => ['--token-env', `${name}=${value}`])
  home = await initHome(['--token', formatTokenUri(token.location), ...env])
})
afterAll(async () => {
  home?.[Symbol.dispose]()
  await token?.stop()
})

describe('on a TPM', () => {
  it('a model is signed by mldsa65-ecdsa-p256 and verified, before and after the daemon was killed', async () => {
    using model = modelFolder()
    const { home: path } = home
    for (let start = 0; start < 2; start++) {
      const daemon = await startDaemon(path)
      await runOk(['sign', model.path], { home: path })
      const { stdout } = await runOk(['verify', model.path, '--trust', join(path, 'trust.json')], { home: path })
      expect(stdout).toMatch(/^OK .*suite +mldsa65-ecdsa-p256.*audit-receipt +entry/s)
      await daemon.kill('SIGKILL')
    }
  })

  it('says where each half is, and doctor finds nothing wrong', async () => {
    const { home: path } = home
    await using _daemon = await startDaemon(path)
    const { stdout } = await runOk(['keys', 'show', 'default'], { home: path })
    expect(stdout).toMatch(/ml-dsa half +sealed by the token \(rsa-oaep\), by a key that is sensitive, not extractable/)
    expect(stdout).toMatch(/classical half +in the token, sensitive, not extractable/)
    expect(stdout).toContain('libtpm2_pkcs11.so')
    await runOk(['doctor'], { home: path })
  })

  it('that has gone away nothing is signed, and the caller is told at once', async () => {
    using model = modelFolder()
    const { home: path } = home
    await using _daemon = await startDaemon(path)
    await token.unplug()
    const { code, stderr } = await run(['sign', model.path], { home: path })
    expect([code, stderr]).toEqual([3, expect.stringMatching(/^error: the token does not answer/)])
    expect(readdirSync(model.path)).toEqual(['weights.bin'])
  })
})

function modelFolder(): ReturnType<typeof temporaryFolder> {
  const folder = temporaryFolder()
  writeFileSync(join(folder.path, 'weights.bin'), 'weights')
  return folder
}
