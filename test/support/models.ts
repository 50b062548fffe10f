/** Models on disk for tests: small, nested, odd names, or large and sparse. */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Writes files given by relative name; returns the folder. */
export function writeModel(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
  return folder
}

/** Three files in two folders. */
export function tinyModel(folder: string): string {
  return writeModel(folder, { 'config.json': '{"layers":2}\n', 'weights/a.bin': 'AAAA', 'weights/b.bin': 'BBBB' })
}

/** What real models hold at worst: nested folders, spaces, non-ASCII names, an empty file, 300 files. */
export function oddModel(folder: string): string {
  const files: Record<string, string> = {
    'README.md': '# model\n',
    'with space/two  spaces.txt': 'x',
    'ünïcode/模型/вес.bin': 'weights',
    'emoji/\u{1f600}.txt': 'above U+FFFF',
    'emoji/\uffee.txt': 'below U+10000',
    'a-b.txt': '1',
    'a/b.txt': '2',
    'a.txt': '3',
    'deep/1/2/3/4/5/6/7/8/leaf.bin': 'deep',
    'empty.bin': '',
    'quote\'and"double.txt': 'q',
    'back\\slash.txt': 'b',
    'colon:0:8': 'c',
  }
  for (let number = Object.keys(files).length; number < 300; number++) files[`shards/part-${number}.bin`] = `shard ${number}`
  return writeModel(folder, files)
}

/** A file of the given size whose blocks are not stored; it reads as zeros. */
export function sparseFile(path: string, bytes: number): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '')
  truncateSync(path, bytes)
}
