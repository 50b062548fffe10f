/** What the verdict says of files, and of statements that are not about files. */
import { describe, expect, it } from 'vitest'
import { toHex } from '#core'
import { buildStatement } from '#envelopes'
import type { Manifest } from '#hashing'
import { makeCase, manifest } from './judging.ts'
import { checkOf } from './oms-files.ts'
import { manifestOf, signManifest, signStatement } from '../support/signing.ts'

const { home, signed, judge } = makeCase()

describe('files', () => {
  it('that differ are all named, with want and got', async () => {
    const disk = manifestOf(['a.bin', 'dir/c.bin', 'dir/ü.bin', 'z.bin'])
    const changed = {
      ...disk,
      resources: disk.resources.map((item) => (item.name === 'dir/ü.bin' ? { ...item, digest: new Uint8Array(32).fill(9) } : item)),
    }
    const verdict = await judge({ manifest: changed })
    expect(verdict.differences).toEqual([
      { name: 'dir/b.bin', kind: 'missing', want: `sha256:${'02'.repeat(32)}` },
      { name: 'dir/ü.bin', kind: 'changed', want: `sha256:${'03'.repeat(32)}`, got: `sha256:${'09'.repeat(32)}` },
      { name: 'dir/c.bin', kind: 'extra', got: `sha256:${'02'.repeat(32)}` },
      { name: 'z.bin', kind: 'extra', got: `sha256:${'04'.repeat(32)}` },
    ])
    expect(checkOf(verdict, 'files')).toBe('failed: 1 changed, 1 missing, 2 extra')
  })

  it('that are listed twice by the caller do not hide one behind the other', async () => {
    const [first] = manifest.resources
    if (first === undefined) throw new Error('no resource')
    const doubled = { ...manifest, resources: [{ ...first, digest: new Uint8Array(32).fill(7) }, ...manifest.resources] }
    expect((await judge({ manifest: doubled })).differences).toEqual([{ name: 'a.bin', kind: 'extra', got: `sha256:${'07'.repeat(32)}` }])
  })

  it('hashed in another way are not compared', async () => {
    const serialization = { ...manifest.serialization, hashType: 'blake3' as const }
    expect(checkOf(await judge({ manifest: { ...manifest, serialization } }), 'files')).toBe(
      'failed: files were hashed with blake3, the signature is over sha256',
    )
  })

  it('with a shard beyond the signed ones are changed, even where unsigned files are ignored', async () => {
    const shards = (...names: string[]): Manifest => ({
      ...manifestOf(names),
      serialization: { ...manifest.serialization, method: 'shards', shardSize: 8 },
    })
    const files = signManifest(home, shards('a:0:8', 'a:8:10'))
    const appended = shards('a:0:8', 'a:8:10', 'a:10:12', 'b:0:1')
    const verdict = await judge({ ...files, manifest: appended, ignoreUnsignedFiles: true })
    expect(verdict.differences.map(({ name, kind }) => `${kind} ${name}`)).toEqual(['extra a:10:12'])
    expect(verdict.warnings).toEqual(['1 file not signed and ignored: "b:0:1"'])
    expect(verdict.ok).toBe(false)
  })
})

describe('other statements', () => {
  const sha256 = toHex(new Uint8Array(32).fill(5))
  const payload = buildStatement({
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: { builder: { id: 'x' } },
    subjects: [{ name: 'model', sha256 }],
  })

  it('are signed and verified the same way', async () => {
    const files = signStatement(home, payload)
    const verdict = await judge({ ...files, manifest: undefined, statement: 'any' })
    expect(verdict).toMatchObject({ ok: true, statement: { predicateType: 'https://slsa.dev/provenance/v1', modelName: 'model' } })
  })

  it('do not pass for the signature of a model', async () => {
    const verdict = await judge({ ...signStatement(home, payload) })
    expect(verdict.ok).toBe(false)
    expect(checkOf(verdict, 'bundle-format')).toMatch(/predicateType is "https:\/\/slsa.dev\/provenance\/v1", want https:\/\/model_signing/)
  })

  it('name a model by its root digest', async () => {
    const root = modelDigest(signed.payload)
    const about = buildStatement({ predicateType: 'https://cyclonedx.org/bom', predicate: {}, subjects: [{ name: 'model', sha256: root }] })
    const files = signStatement(home, about)
    expect(checkOf(await judge({ ...files, statement: 'any' }), 'files')).toMatch(/^passed/)
    expect(checkOf(await judge({ ...files, statement: 'any', manifest: manifestOf(['a.bin']) }), 'files')).toMatch(/^failed/)
  })
})

function modelDigest(payload: Uint8Array): string {
  return (JSON.parse(Buffer.from(payload).toString()) as { subject: { digest: { sha256: string } }[] }).subject[0]?.digest.sha256 ?? ''
}
