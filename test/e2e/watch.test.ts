/** A monitor at a stranger's, of a real daemon that signs, changes keys, refuses and is killed: an honest log sets off no alert. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tinyModel } from '../support/models.ts'
import { initHome, run, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'

it('finds nothing wrong with it, by HTTP and in a directory, and a rule finds what it is for', async () => {
  using installed = await initHome()
  using folder = temporaryFolder()
  const { home } = installed
  const published = join(folder.path, 'log')
  const config = join(home, 'config.toml')
  writeFileSync(config, readFileSync(config, 'utf8').replace('[audit]\n', `[audit]\npublish = "${published}"\nlisten = "127.0.0.1:0"\n`))
  const model = tinyModel(join(folder.path, 'model'))
  const trust = join(folder.path, 'trust.json')
  const rules = join(folder.path, 'rules.toml')
  writeFileSync(rules, '[[rule]]\nname = "key was disabled"\noperation = "keys.disable"\nkind = "outcome"\nseverity = "info"\n')
  const stranger = join(folder.path, 'stranger')
  mkdirSync(stranger)
  const watch = (place: string) => run(['audit', 'watch', place, '--once', '--trust', trust, '--rules', rules], { home: stranger })
  {
    await using daemon = await startDaemon(home)
    await runOk(['sign', model], { home })
    await runOk(['keys', 'export', '--trust', '-o', trust], { home })
    await publishedEntries(published, 3)
    expect(await watch(published)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^OK .* of them new and in the signed tree\n$/) })
    await runOk(['keys', 'create', 'second'], { home })
    await runOk(['keys', 'disable', 'second'], { home })
    await runOk(['sign', model, '--key', 'second'], { home, wantCode: 2 })
    const signings = Array.from({ length: 4 }, () => run(['sign', model], { home }))
    await Promise.any(signings)
    await daemon.kill('SIGKILL')
    await Promise.all(signings)
  }
  await using daemon = await startDaemon(home)
  await runOk(['sign', model], { home })
  const size = JSON.parse((await runOk(['audit', 'list', '--limit', '1', '--json'], { home })).stdout) as { index: number }
  await publishedEntries(published, size.index + 1)
  const url = /"address":"(http:[^"]+)"/.exec(daemon.log())?.[1] ?? ''
  const after = await watch(url)
  expect(after.stdout).toMatch(/^ALERT {2}info rule: key was disabled: outcome, keys\.disable, key second, .*\nOK .* in the signed tree\n$/)
  expect(after.code).toBe(0)
  const receipt = await run(['audit', 'verify', join(model, 'model.hybrid.sig'), '--trust', trust, '--log', url], { home: stranger })
  expect(receipt).toMatchObject({ code: 0, stdout: expect.stringContaining('still contains it') })
})

/** Publishing follows each checkpoint within a second or two. */
async function publishedEntries(folder: string, atLeast: number): Promise<void> {
  for (;;) {
    const text = readCheckpoint(folder)
    if (Number(text.split('\n')[1]) >= atLeast) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function readCheckpoint(folder: string): string {
  try {
    return readFileSync(join(folder, 'checkpoint'), 'utf8')
  } catch {
    return ''
  }
}
