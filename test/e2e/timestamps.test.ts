/** A daemon with a timestamp authority: what was signed before a key was compromised stays good, where somebody else than the log says so. */
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { initHome, run, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'
import { startAuthority } from '../support/timestamp-authority.ts'

interface Shown {
  readonly code: number | null
  readonly reasons: Readonly<Record<string, string>>
}

it('a signature of a key that was compromised later verifies with a timestamp from before, and not by the word of the log alone', async () => {
  await using authority = await startAuthority()
  using home = await initHome()
  using folder = temporaryFolder()
  const config = join(home.home, 'config.toml')
  appendFileSync(config, `[audit.timestamps]\nurl = "${authority.url}"\nca = "${authority.caFile}"\nevery = "1s"\nname = "tsa.example"\n`)
  const [early, copy] = [join(folder.path, 'early'), join(folder.path, 'copy')]
  mkdirSync(early)
  writeFileSync(join(early, 'weights.bin'), 'weights')
  const verify = async (model: string): Promise<Shown> => {
    const { code, stdout } = await run(['verify', model, '--json'], home)
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; reason: string }[] }
    return { code, reasons: Object.fromEntries(checks.map(({ name, status, reason }) => [name, `${status}: ${reason}`])) }
  }

  await using daemon = await startDaemon(home.home)
  await runOk(['sign', early], home)
  cpSync(early, copy, { recursive: true })
  expect((await verify(early)).reasons['audit-receipt']).not.toMatch(/timestamped/)
  // The next timestamp covers it; from then on its receipt has one.
  await eventually(async () => {
    await runOk(['audit', 'receipt', '--refresh', join(early, 'model.hybrid.sig')], home)
    expect((await verify(early)).reasons['audit-receipt']).toMatch(/timestamped/)
  })
  const stamped = await verify(early)
  expect(stamped.code).toBe(0)
  expect(stamped.reasons['audit-receipt']).toMatch(/^passed: .*, timestamped by tsa\.example at 20..-/)
  expect(daemon.log()).toMatch(/a checkpoint was timestamped/)

  const late = join(folder.path, 'late')
  mkdirSync(late)
  writeFileSync(join(late, 'weights.bin'), 'others')
  authority.tamper = () => Buffer.from('no timestamp') // from now on nobody else says when something was there
  await runOk(['sign', late], home)

  await runOk(['keys', 'compromise', 'default', '--since', new Date().toISOString(), '--reason', 'lost'], home)
  expect((await verify(early)).reasons['key-state']).toMatch(/^passed: key default version 1 is compromised since/)
  expect((await verify(early)).code).toBe(0)
  // A review says the same as the verifier.
  const reviewed = async (model: string): Promise<string> => {
    const { stdout } = await run(['audit', 'show', join(model, 'model.hybrid.sig'), '--json'], home)
    const { story } = JSON.parse(stdout) as { story: { steps: { step: string; status: string; text: string }[] } }
    return story.steps
      .filter(({ step }) => step === 'key')
      .map(({ status, text }) => `${status}: ${text}`)
      .join()
  }
  expect(await reviewed(early)).toMatch(/^proven: key default version 1 is compromised since/)
  expect(await reviewed(late)).toMatch(/^wrong: .* only the log says that it signed at .*, no timestamp does/)
  expect((await verify(late)).code).toBe(1)
  const unproven = await verify(copy)
  expect(unproven.code).toBe(1)
  expect(unproven.reasons['key-state']).toMatch(/^failed: .* only the log says that it signed at .*, no timestamp does/)
})
