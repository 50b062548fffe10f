/** sealstone diff: models, files inside of them, and signatures. */
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
const base = join(folder.path, 'base')
const tuned = join(folder.path, 'tuned')

/** Each tensor: eight bytes of this value. */
function safetensors(tensors: Readonly<Record<string, number>>, metadata: Readonly<Record<string, string>> = {}): Buffer {
  const entries = Object.keys(tensors).map((name, at) => [name, { dtype: 'U8', shape: [8], data_offsets: [at * 8, at * 8 + 8] }])
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }))
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([prefix, header, ...Object.values(tensors).map((value) => Buffer.alloc(8, value))])
}

beforeAll(() => {
  mkdirSync(base)
  writeFileSync(join(base, 'config.json'), '{}')
  writeFileSync(join(base, 'old-name.txt'), 'the same')
  const layers = { 'model.layers.0.up': 1, 'model.layers.0.down': 2, 'model.layers.1.up': 3, 'model.layers.1.down': 4, 'head.weight': 5, gone: 6 }
  writeFileSync(join(base, 'model.safetensors'), safetensors(layers))
  cpSync(base, tuned, { recursive: true })
  renameSync(join(tuned, 'old-name.txt'), join(tuned, 'new-name.txt'))
  writeFileSync(join(tuned, 'added.txt'), 'new')
  const after = {
    'model.layers.0.up': 1,
    'model.layers.0.down': 2,
    'model.layers.1.up': 30,
    'model.layers.1.down': 40,
    'lm_head.weight': 5,
    fresh: 7,
  }
  writeFileSync(join(tuned, 'model.safetensors'), safetensors(after))
})
afterAll(() => folder[Symbol.dispose]())

describe('diff of two models', () => {
  it('lists files and tensors, what was only renamed as that, by layer', async () => {
    const { stdout, stderr } = await runOk(['diff', base, tuned], { wantCode: 1 })
    expect(stdout).toBe(`added    added.txt
changed  model.safetensors
  added    fresh             U8 [8]
  removed  gone              U8 [8]
  renamed  lm_head.weight    U8 [8], was head.weight
  changed  model.layers.1.*  2 tensors
  5 tensors changed, 2 the same; names, shapes or metadata differ
renamed  new-name.txt (was old-name.txt)
3 files changed, 1 the same
`)
    expect(stderr).toBe('')
    const { stdout: all } = await runOk(['diff', base, tuned, '--all'], { wantCode: 1 })
    expect(all).toContain('changed  model.layers.1.down  U8 [8]\n')
  })

  it('says the same to programs, and nothing where they are the same', async () => {
    const { stdout } = await runOk(['diff', base, tuned, '--json'], { wantCode: 1 })
    expect(JSON.parse(stdout)).toMatchObject({
      identical: false,
      verified: false,
      filesUnchanged: 1,
      files: [
        { name: 'added.txt', change: 'added' },
        { name: 'model.safetensors', change: 'changed', tensorsUnchanged: 2, headerChanged: true, tensors: { length: 5 } },
        { name: 'new-name.txt', change: 'renamed', from: 'old-name.txt' },
      ],
    })
    expect((await runOk(['diff', base, base])).stdout).toBe('0 files changed, 3 the same\n')
  })

  it('tells that metadata alone changed, and another shape', async () => {
    const [one, two] = [join(folder.path, 'one.safetensors'), join(folder.path, 'two.safetensors')]
    writeFileSync(one, safetensors({ a: 1 }))
    writeFileSync(two, safetensors({ a: 1 }, { note: 'x' }))
    const renamed = await run(['diff', one, two])
    expect(renamed.stdout).toContain('removed  one.safetensors')
    mkdirSync(join(folder.path, 'm1'))
    mkdirSync(join(folder.path, 'm2'))
    renameSync(one, join(folder.path, 'm1/a.safetensors'))
    renameSync(two, join(folder.path, 'm2/a.safetensors'))
    const { stdout } = await runOk(['diff', join(folder.path, 'm1'), join(folder.path, 'm2')], { wantCode: 1 })
    expect(stdout).toContain('  0 tensors changed, 1 the same; names, shapes or metadata differ\n')
  })

  it('refuses what it cannot read', async () => {
    writeFileSync(join(folder.path, 'bad.safetensors'), 'no header')
    const { code, stderr } = await run(['diff', join(folder.path, 'bad.safetensors'), base])
    expect([code, stderr]).toEqual([2, expect.stringContaining('bad.safetensors: the header length is ')])
    expect((await run(['diff', base, join(folder.path, 'nothing.sig')])).code).toBe(2)
  })
})

describe('diff of signatures', () => {
  let home: Awaited<ReturnType<typeof initHome>>
  let daemon: RunningDaemon
  beforeAll(async () => {
    home = await initHome()
    daemon = await startDaemon(home.home)
    await runOk(['sign', base], home)
    await runOk(['sign', tuned], home)
  })
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]()
    home[Symbol.dispose]()
  })

  it('compares two, files with files, and says that nothing was verified', async () => {
    const { stdout, stderr } = await runOk(['diff', join(base, 'model.sig'), join(tuned, 'model.hybrid.sig')], { wantCode: 1 })
    expect(stdout).toBe('added    added.txt\nchanged  model.safetensors\nrenamed  new-name.txt (was old-name.txt)\n3 files changed, 1 the same\n')
    expect(stderr).toContain('not verified')
  })

  it('compares one with the model on disk, as it was signed', async () => {
    expect((await runOk(['diff', join(base, 'model.sig'), base])).stdout).toBe('0 files changed, 3 the same\n')
    rmSync(join(base, 'config.json'))
    expect((await runOk(['diff', join(base, 'model.sig'), base], { wantCode: 1 })).stdout).toBe('removed  config.json\n1 file changed, 2 the same\n')
  })

  it('refuses two that were not made alike', async () => {
    await runOk(['sign', base, '--algorithm', 'blake3'], home)
    const { code, stderr } = await run(['diff', join(base, 'model.sig'), join(tuned, 'model.sig')])
    expect([code, stderr]).toEqual([2, expect.stringContaining('cannot be compared')])
  })
})
