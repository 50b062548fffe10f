/** `sealstone run` through the real process: the command sees the verified bytes or is not started. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type SoftwareSigner, softwareSigner } from '../support/model-signer.ts'
import { tinyModel } from '../support/models.ts'
import { run, temporaryFolder } from '../support/sealstone.ts'

const SIGNER: SoftwareSigner = softwareSigner()

interface Fixture extends Disposable {
  readonly folder: string
  readonly home: string
  readonly model: string
  readonly run: (args: readonly string[], options?: Parameters<typeof run>[1]) => ReturnType<typeof run>
}

async function fixture(): Promise<Fixture> {
  const folder = temporaryFolder()
  const [home, model] = [join(folder.path, 'home'), join(folder.path, 'model')]
  mkdirSync(home, { mode: 0o700 })
  writeFileSync(join(home, 'trust.json'), SIGNER.trustBytes)
  tinyModel(model)
  await SIGNER.signInto(model)
  return {
    folder: folder.path,
    home,
    model,
    run: (args, options) => run(['run', ...args], { home, ...options }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

const COPY = ['--guard', 'copy', '--copy-limit', '1000000']

describe('sealstone run', () => {
  it.each([
    ['descriptors', ['--guard', 'descriptors']],
    ['copy', COPY],
    ['none', ['--guard', 'none']],
    ['auto', ['--copy-limit', '1000000']],
  ])('hands the verified files to the command by %s and leaves nothing behind', async (_, guard) => {
    using stand = await fixture()
    const script = 'cat "$1/config.json" "$SEALSTONE_MODEL/weights/a.bin"; echo; echo "$SEALSTONE_MODEL_ROOT"; ls "$1"'
    const { code, stdout, stderr } = await stand.run(['--model', stand.model, ...guard, '--', 'sh', '-c', script, 'sh', '{model}'])
    expect(stderr).toMatch(/^verified {2}.* {2}sha256:[0-9a-f]{64} {2}signed by default {2}guard: /)
    expect(stdout).toMatch(/^\{"layers":2\}\nAAAA\nsha256:[0-9a-f]{64}\n/)
    expect(code).toBe(0)
    expect(readdirSync(join(stand.home)).includes('run') ? readdirSync(join(stand.home, 'run')) : ['lock']).toEqual(['lock'])
  })

  it('does not start the command for a model that was tampered with', async () => {
    using stand = await fixture()
    writeFileSync(join(stand.model, 'weights/a.bin'), 'AAAB')
    const { code, stdout, stderr } = await stand.run(['--model', stand.model, ...COPY, '--', 'echo', 'started'])
    expect({ code, started: stdout.includes('started') }).toEqual({ code: 1, started: false })
    expect(stderr).toMatch(/^error: .*1 changed/)
  })
})
