/** The golden statements and manifests of the reference implementation, reproduced from models built here (test/vectors/oms/GOLDEN.md). */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { toHex } from '#core'
import { buildModelStatement, parseStatement } from '#envelopes'
import { hashModel, type Manifest } from '#hashing'
import { writeModel } from '../support/models.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { OMS } from './oms-files.ts'

const GOLDEN = join(OMS, 'model-transparency/golden')

/** Makes the model in a folder; answers its path. */
const MODELS: Readonly<Record<string, (folder: string) => string>> = {
  sample_model_file: (folder) => oneFile(folder, 'file_model', 'This is a simple model'),
  empty_model_file: (folder) => oneFile(folder, 'empty_file_model', ''),
  sample_model_folder: (folder) => {
    const files: Record<string, string> = {}
    for (const i of [0, 1]) for (const j of [0, 1, 2]) files[`d${i}/f${i}${j}`] = `This is file f${i}${j} in d${i}.`
    for (const i of [0, 1, 2, 3]) files[`f${i}`] = `This is file f${i} in root.`
    return writeModel(join(folder, 'sample_model'), files)
  },
  empty_model_folder: (folder) => {
    mkdirSync(join(folder, 'empty_folder_model'))
    return join(folder, 'empty_folder_model')
  },
  model_folder_with_empty_file: (folder) => writeModel(join(folder, 'empty_file_inside_model'), { empty_file: '' }),
  deep_model_folder: (folder) => {
    const files = Object.fromEntries([0, 1, 2, 3].map((i) => [`d0/d1/d2/d3/d4/f${i}`, `This is file f${i}.`]))
    return writeModel(join(folder, 'deep_model'), files)
  },
  symlink_model_folder: (folder) => {
    const path = join(folder, 'symlink_model')
    mkdirSync(path)
    symlinkSync(oneFile(folder, 'outside', 'This is a simple model'), join(path, 'symlink_file'))
    return path
  },
}

const STATEMENTS = readdirSync(join(GOLDEN, 'payload'))
const MANIFESTS = ['file', 'file_shard'].flatMap((method) =>
  readdirSync(join(GOLDEN, 'serialization', method, 'TestSerializer')).map((name) => ({ method, name })),
)

describe('golden statements', () => {
  it('are all there', () => {
    expect(STATEMENTS).toHaveLength(21)
    expect(MANIFESTS).toHaveLength(21)
  })

  it.each(STATEMENTS)('%s is read as what is on disk', async (name) => {
    const statement = parseStatement(readFileSync(join(GOLDEN, 'payload', name)))
    const manifest = await hashGolden(name, shardSizeOf(name))
    expect(statement).toMatchObject({ kind: 'model', format: 'v1.0', modelName: manifest.modelName })
    if (statement.kind !== 'model') throw new Error('not a model statement')
    expect(statement.resources).toEqual(manifest.resources.map(({ name: path, digest }) => ({ name: path, digest })))
    expect(statement.serialization).toEqual({ ...manifest.serialization, ignorePaths: [] })
  })

  it.each(STATEMENTS.filter((name) => !IS_EMPTY.test(name)))('%s is written', async (name) => {
    const golden = JSON.parse(readFileSync(join(GOLDEN, 'payload', name), 'utf8'))
    const manifest = await hashGolden(name, shardSizeOf(name))
    const ours = JSON.parse(Buffer.from(buildModelStatement(withBaseName(manifest))).toString())
    expect(asReference(ours, manifest)).toEqual(golden)
  })

  // OMS v1.0 asks to refuse it; the reference signs it.
  it.each(STATEMENTS.filter((name) => IS_EMPTY.test(name)))('%s, of a model without content, is not written', async (name) => {
    const golden = JSON.parse(readFileSync(join(GOLDEN, 'payload', name), 'utf8'))
    expect(golden.predicate.resources).toEqual([])
    const manifest = await hashGolden(name, shardSizeOf(name))
    expect(() => buildModelStatement(manifest)).toThrow(expect.objectContaining({ code: 'MODEL_EMPTY' }))
  })
})

describe('golden manifests', () => {
  it.each(MANIFESTS)('$method/$name is reproduced', async ({ method, name }) => {
    const shardSize = method === 'file' ? undefined : name.endsWith('_small_shards') ? 8 : 1_000_000_000
    const { resources } = await hashGolden(name, shardSize)
    const lines = resources.map((resource) => `${resource.name}:${toHex(resource.digest)}`)
    const golden = readFileSync(join(GOLDEN, 'serialization', method, 'TestSerializer', name), 'utf8')
    expect(lines).toEqual(golden.split('\n').filter((line) => line !== ''))
  })
})

/** No files, or only an empty one, which is no shard to the reference. */
const IS_EMPTY = /^empty_model_folder|empty_(?:model_)?file_(?:small_)?shards?$/

async function hashGolden(name: string, shardSize: number | undefined): Promise<Manifest> {
  const build = MODELS[name.replace(/(_small)?_shards?$/, '')]
  if (build === undefined) throw new Error(`GOLDEN.md describes no model ${name}`)
  const manifest = await hashModel(build(temporaryFolder()), {
    allowSymlinks: true,
    allowEmpty: true,
    legacyDotName: true,
    ...(shardSize === undefined ? {} : { method: 'shards', shardSize }),
  })
  // The reference leaves empty files out of shards, unsigned; we list them as `name:0:0`.
  const resources = manifest.resources.filter(({ size }) => shardSize === undefined || size > 0)
  expect(manifest.resources.length - resources.length).toBe(
    shardSize !== undefined && name.includes('empty') && !name.includes('empty_model_folder') ? 1 : 0,
  )
  return { ...manifest, resources }
}

function shardSizeOf(statement: string): number | undefined {
  if (statement.endsWith('_small_shards')) return 8
  return statement.endsWith('_shard') ? 1_000_000_000 : undefined
}

/** We write a single file under its name and not as `.`, as OMS v1.0 asks. */
function withBaseName(manifest: Manifest): Manifest {
  const resources = manifest.resources.map((resource) => ({ ...resource, name: resource.name.replace(/^\.(?=$|:)/, manifest.modelName) }))
  return { ...manifest, resources }
}

interface StatementJson {
  predicate: { serialization: Record<string, unknown>; resources: { name: string; algorithm: string }[] }
}

/** The three things in which the golden statements, older than OMS v1.0, differ: no ignore_paths, `.`, and the spelling of a shard's algorithm. */
function asReference(statement: StatementJson, manifest: Manifest): StatementJson {
  const { ignore_paths: ignored, ...serialization } = statement.predicate.serialization
  expect(ignored).toContain('model.hybrid.sig')
  const resources = statement.predicate.resources.map((resource, index) => ({
    ...resource,
    name: manifest.resources[index]?.name ?? '',
    algorithm: serialization['method'] === 'shards' ? `sha256-sharded-${String(serialization['shard_size'])}` : resource.algorithm,
  }))
  return { ...statement, predicate: { serialization, resources } }
}

function oneFile(folder: string, name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
