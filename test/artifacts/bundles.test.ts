/** Which MCP bundles are signed: those in which every program sees the same files, and no others. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { recogniseArtifact } from '#artifacts'
import { bundleStatement } from '../../src/artifacts/bundle.ts'
import { openArtifact } from '../../src/artifacts/open-artifact.ts'
import { describeArtifact } from '../../src/artifacts/statement.ts'
import { temporaryFolder } from '../support/sealstone.ts'
import { writeZip, type ZipEntryInput } from '../support/zip.ts'
import { processorMs } from '../support/processor-time.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())

const MANIFEST = { name: 'manifest.json', data: '{"manifest_version":"0.3","name":"files","version":"1.2.0","server":{}}' }
/** A local header and its data, and nothing after them. */
const INNER = writeZip([MANIFEST]).subarray(0, -(46 + MANIFEST.name.length + 22))
let files = 0

/** APPNOTE §4.6.9: another name for programs that know of it. */
function unicodePath(name: string, other: string): Uint8Array {
  const field = Buffer.alloc(9)
  field.writeUInt16LE(0x7075, 0)
  field.writeUInt16LE(5 + Buffer.byteLength(other), 2)
  field.writeUInt8(1, 4)
  field.writeUInt32LE(crc32(name), 5)
  return Buffer.concat([field, Buffer.from(other)])
}

function put(bytes: Uint8Array, name = `${++files}.mcpb`): string {
  const path = join(folder.path, name)
  writeFileSync(path, bytes)
  return path
}

async function describeBundle(path: string, signal?: AbortSignal) {
  await using artifact = await openArtifact(path)
  return await bundleStatement(artifact, signal)
}

describe('a bundle', () => {
  it('that somebody packed is known by its manifest and its bytes', async () => {
    const source = join(folder.path, 'source')
    mkdirSync(join(source, 'server'), { recursive: true })
    writeFileSync(join(source, 'manifest.json'), MANIFEST.data)
    writeFileSync(join(source, 'server', 'index.js'), 'console.log(1)\n'.repeat(1000))
    const path = join(folder.path, 'packed.mcpb')
    execFileSync('python3', ['-m', 'zipfile', '-c', path, 'manifest.json', 'server/'], { cwd: source })
    expect(await recogniseArtifact(path)).toMatchObject({ kind: 'mcpb', hybridSignature: `${path}.hybrid.sig` })
    const bytes = readFileSync(path)
    expect(await describeBundle(path)).toEqual({
      predicateType: 'https://sealstone/mcp-bundle/v1',
      predicate: { name: 'files', version: '1.2.0', bytes: bytes.length },
      name: 'files',
      version: '1.2.0',
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })
  })

  it.each<[string, readonly ZipEntryInput[], RegExp]>([
    ['has no manifest.json', [{ name: 'other.json', data: '{}' }], /has no manifest\.json/],
    ['has it only deeper', [{ name: 'a/manifest.json', data: MANIFEST.data }], /has no manifest\.json/],
    ['has two of them', [MANIFEST, { ...MANIFEST, data: '{"name":"other","version":"1"}' }], /two entries are named "manifest\.json"/],
    ['has one more that differs in case', [MANIFEST, { ...MANIFEST, name: 'Manifest.JSON' }], /a file system could take them for one/],
    ['has one more that differs in its Unicode form', [MANIFEST, { name: 'caf\u00e9' }, { name: 'cafe\u0301' }], /could take them for one/],
    ['leads out of itself', [MANIFEST, { name: '../../.bashrc', data: 'x' }], /invalid relative path/],
    ['has an absolute name', [MANIFEST, { name: '/etc/passwd', data: 'x' }], /absolute path/],
    ['has a name of another system', [MANIFEST, { name: 'a\\..\\..\\b', data: 'x' }], /invalid characters/],
    ['has a drive', [MANIFEST, { name: 'c:evil.exe', data: 'x' }], /absolute path|no plain path/],
    ['has a hidden stream', [MANIFEST, { name: 'server/a.js:evil', data: 'x' }], /no plain path/],
    ['has a name with a control character', [MANIFEST, { name: 'a\u001b[2J', data: 'x' }], /no name of a file/],
    ['has a link', [MANIFEST, { name: 'link', data: '/etc/passwd', mode: 0o120777 }], /link or a device/],
    ['is encrypted', [MANIFEST, { name: 'a', data: 'x'.repeat(20), method: 0, flags: 0x801, unpackedSize: 8 }], /is encrypted/],
    ['is packed in a way that few know', [MANIFEST, { name: 'a', data: 'x', method: 99 }], /compressed by method 99/],
    ['is a bomb', [MANIFEST, { name: 'zeros', data: new Uint8Array(4 * 1024 ** 2) }], /unpacks to 4194304 bytes from \d+/],
    [
      'says that it is one',
      [MANIFEST, ...[1, 2, 3].map((n) => ({ name: `${n}`, data: Buffer.alloc(64), method: 0 as const, unpackedSize: 0xfffffff0 }))],
      /size mismatch|unpack/,
    ],
    [
      'has an entry inside of another',
      [
        { name: 'a', method: 0, data: INNER },
        { ...MANIFEST, inside: 31 },
      ],
      /"manifest\.json" overlaps the entry before it/,
    ],
    ['has the same bytes twice', [MANIFEST, { name: 'a', data: 'x', at: 0 }], /another name/],
    ['hides bytes between entries', [MANIFEST, { name: 'a', data: 'x', gap: Buffer.alloc(64) }], /64 bytes before "a" that belong to no entry/],
    ['begins with something else', [{ ...MANIFEST, gap: Buffer.from('PK\u0003\u0004') }], /4 bytes before/],
    ['says one name here and another there', [{ ...MANIFEST, localName: 'manifest.jsom' }], /another name or method in its own header/],
    ['says other sizes there', [{ ...MANIFEST, localSize: 7 }], /other flags, sizes or another checksum/],
    ['says there that the sizes come later', [{ ...MANIFEST, localFlags: 0x808 }], /other flags, sizes or another checksum/],
    ['is stored without its size before it', [MANIFEST, { name: 'a', data: 'x', method: 0, flags: 0x808 }], /stored without its size/],
    ['has a second name in an extra field', [MANIFEST, { name: 'a.js', data: 'x', extra: unicodePath('a.js', 'b.js') }], /has a second name/],
    ['has a name of no known code page', [MANIFEST, { name: 'caf\u00e9', flags: 0 }], /does not say that its name is UTF-8/],
    ['has a directory with content', [MANIFEST, { name: 'a/', data: 'x' }], /is a directory with content/],
    ['has a file that is a directory too', [MANIFEST, { name: 'A' }, { name: 'a!' }, { name: 'a/b' }], /"A" is a file, and a directory of others/],
    ['has a directory with the name of a file', [MANIFEST, { name: 'a' }, { name: 'a/' }], /two entries are named "a\/"/],
    ['has one more that differs in what is invisible', [MANIFEST, { name: 'mani\u200bfest.json', data: '{}' }], /could take them for one/],
    ['has one more that differs in a long s', [MANIFEST, { name: 'manife\u017ft.json', data: '{}' }], /could take them for one/],
    ['has a name that Windows shortens', [MANIFEST, { name: 'manifest.json.', data: '{}' }], /no plain path/],
    ['has a name with an empty part', [MANIFEST, { name: 'server//a.js', data: 'x' }], /no plain path/],
    ['has a manifest that is no JSON', [{ ...MANIFEST, data: '{' }], /manifest\.json of the bundle/],
    ['has a manifest with a name twice', [{ ...MANIFEST, data: '{"name":"a","name":"b","version":"1"}' }], /manifest\.json of the bundle/],
    ['has no version', [{ ...MANIFEST, data: '{"name":"a"}' }], /version is/],
    ['has a name that cannot be seen', [{ ...MANIFEST, data: '{"name":"fi\\u200bles","version":"1"}' }], /cannot be seen/],
    ['has a manifest with another checksum', [{ ...MANIFEST, crc: 1 }], /does not have its checksum/],
    ['has a manifest of 2 MiB', [{ ...MANIFEST, method: 0, data: ' '.repeat(2 * 1024 ** 2) }], /manifest\.json is 2097152 bytes/],
  ])('that %s is refused', async (_, entries, reason) => {
    await expect(describeBundle(put(writeZip(entries)))).rejects.toMatchObject({
      code: 'FORMAT_INVALID',
      message: expect.stringMatching(reason) as string,
    })
  })

  const entries = [MANIFEST, { name: 'server/index.js', data: 'console.log(1)' }]

  it.each<[string, Parameters<typeof writeZip>[1], RegExp]>([
    ['has an entry that it does not count', { count: 1 }, /entries beyond the 1 that it counts/],
    ['hides bytes before its directory', { before: INNER }, /bytes before "the directory" that belong to no entry/],
    ['hides bytes behind its directory', { after: INNER }, /not right before its end record/],
    ['has a second end in its comment', { comment: `PK\u0005\u0006${'\0'.repeat(18)}` }, /comment length|not right before/],
  ])('that %s is refused', async (_, options, reason) => {
    await expect(describeBundle(put(writeZip(entries, options)))).rejects.toThrow(reason)
  })

  it('may have a comment, and names in UTF-8 that are told twice', async () => {
    const twice = { name: 'caf\u00e9.js', data: 'x', extra: unicodePath('caf\u00e9.js', 'caf\u00e9.js') }
    expect(await describeBundle(put(writeZip([...entries, twice], { comment: 'packed by hand' })))).toMatchObject({ name: 'files' })
  })

  it('whose manifest unpacks to more than it says is refused, and no more of it is unpacked than that', async () => {
    const path = put(writeZip([{ ...MANIFEST, data: Buffer.alloc(900_000, 0x20), unpackedSize: 100 }]))
    await expect(describeBundle(path)).rejects.toMatchObject({
      code: 'FORMAT_INVALID',
      message: expect.stringMatching(/too many bytes|100/) as string,
    })
  })

  it('that is cut or overwritten anywhere is refused or has another digest; nothing crashes', async () => {
    const whole = writeZip([MANIFEST, { name: 'server/index.js', data: 'console.log(1)' }])
    const { sha256 } = await describeBundle(put(whole))
    for (let at = 0; at < whole.length; at += 3) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 0x41
      for (const bytes of [changed, whole.subarray(0, at)]) {
        const outcome = await describeBundle(put(bytes, 'broken.mcpb')).then(
          (found) => (found.sha256 === sha256 ? 'taken for the whole one' : 'another digest'),
          (error: { code: string }) => error.code,
        )
        expect(['FORMAT_INVALID', 'another digest']).toContain(outcome)
      }
    }
  })

  it('with more entries than any bundle has is refused before they are read', async () => {
    const spentMs = processorMs()
    await expect(describeBundle(put(writeZip([MANIFEST], { count: 60_000 })))).rejects.toThrow(/60000 entries, want at most 50000/)
    expect(spentMs()).toBeLessThan(10_000)
  })

  it('stops when it is told to', async () => {
    const entries = Array.from({ length: 2000 }, (_, number) => ({ name: `file-${number}`, data: 'x' }))
    await expect(describeBundle(put(writeZip([MANIFEST, ...entries])), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('an agent card', () => {
  const card = { name: 'Recipe agent', version: '1.0.0', skills: [{ id: 'cook' }], url: 'https://agent.example' }
  const at = (name: string, value: unknown, space?: number) => put(Buffer.from(JSON.stringify(value, undefined, space)), name)
  const digestOf = async (path: string) => (await describeArtifact({ kind: 'agent-card', path })).sha256

  it('is the same in another layout and with signatures of its own, and another with anything else', async () => {
    const { url, ...rest } = card
    const digest = await digestOf(at('card.json', card))
    expect(await digestOf(at('card-2.json', { url, ...rest }, 2))).toBe(digest)
    expect(await digestOf(at('card-3.json', { ...card, signatures: [{ protected: 'e30', signature: 'AA' }] }))).toBe(digest)
    expect(await digestOf(at('card-4.json', { ...card, url: 'https://agent.test' }))).not.toBe(digest)
    expect(await digestOf(at('card-5.json', { ...card, skills: [{ id: 'cook', signatures: [] }] }))).not.toBe(digest)
  })

  it.each([
    ['without skills', '{"name":"a","version":"1"}', 'FORMAT_INVALID'],
    ['with a name twice', '{"name":"a","name":"b","version":"1","skills":[]}', 'JSON_INVALID'],
    ['that is deep', `{"name":"a","version":"1","skills":${'['.repeat(100)}${']'.repeat(100)}}`, 'JSON_INVALID'],
    ['with a number that readers take for another', '{"name":"a","version":"1","skills":[{"x":9007199254740993}]}', 'FORMAT_INVALID'],
    ['with a number beyond all', '{"name":"a","version":"1","skills":[1e400]}', 'JSON_INVALID'],
    ['over 1 MiB', `{"name":"a","version":"1","skills":["${'x'.repeat(1024 ** 2)}"]}`, 'INPUT_TOO_LARGE'],
  ])('%s is refused', async (_, text, code) => {
    const path = put(Buffer.from(text), 'bad.json')
    await expect(describeArtifact({ kind: 'agent-card', path })).rejects.toMatchObject({ code })
  })
})

describe('what something is', () => {
  it('is seen by what is in it', async () => {
    const skill = join(folder.path, 'skill')
    mkdirSync(skill)
    await expect(recogniseArtifact(skill)).rejects.toMatchObject({
      code: 'FORMAT_INVALID',
      message: expect.stringMatching(/without SKILL\.md/) as string,
    })
    symlinkSync('/etc/hostname', join(skill, 'SKILL.md'))
    await expect(recogniseArtifact(skill)).rejects.toMatchObject({ code: 'FORMAT_INVALID' })
    expect((await recogniseArtifact(put(Buffer.from('\n { "name": 1 }'), 'any.txt'))).kind).toBe('agent-card')
    for (const bytes of ['', 'hello', '[1]', 'PK\u0005\u0006'])
      await expect(recogniseArtifact(put(Buffer.from(bytes), 'any.bin'))).rejects.toMatchObject({ code: 'FORMAT_INVALID' })
    await expect(recogniseArtifact(join(folder.path, 'nothing'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    await expect(recogniseArtifact('/dev/null')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
  })
})
