/** A small log as files, by path, and a web server that behaves as a test wants. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { utf8 } from '#core'
import { encodeEntryBundle, GrowingTree, leafHash, tilePath } from '#tlog'

export const ENTRIES = Array.from({ length: 300 }, (_, at) => utf8(`entry ${at}`))

/** A log of 300 entries: its full tiles, and the partial ones of that size. */
export function logFiles(): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>([['checkpoint', utf8('log.example\n300\n')]])
  const tree = GrowingTree.empty()
  for (const entry of ENTRIES) {
    for (const { level, number, hashes } of tree.append(entry)) files.set(tilePath({ kind: 'hashes', level, number, width: 256 }), hashes)
  }
  const hashes = Buffer.concat(ENTRIES.map(leafHash))
  files.set('tile/0/001.p/44', hashes.subarray(256 * 32))
  files.set('tile/entries/000', encodeEntryBundle(ENTRIES.slice(0, 256)))
  files.set('tile/entries/001.p/44', encodeEntryBundle(ENTRIES.slice(256)))
  return files
}

export function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
}

/** Its address with a slash at the end; gone when the running test is over. */
export async function serveWith(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

export function serveFiles(files: ReadonlyMap<string, Uint8Array>, prefix = '/'): Promise<string> {
  return serveWith((request, response) => {
    const bytes = files.get((request.url ?? '').slice(prefix.length))
    if (bytes === undefined) response.writeHead(404).end()
    else response.writeHead(200).end(bytes)
  })
}
