/** Puts a document where the user wants it: on standard output as it is, or in a file, replaced as a whole. */
import { resolve } from 'node:path'
import { utf8Text } from '#core'
import { writeFiles } from '#files'
import type { Output } from './output.ts'
import { visible } from './text.ts'

export async function deliver(output: Output, document: Uint8Array, file: string | undefined): Promise<void> {
  if (file === undefined) {
    output.raw(utf8Text(document))
    return
  }
  await writeFiles([{ path: resolve(file), bytes: document }])
  if (output.json) output.record({ wrote: resolve(file), bytes: document.length })
  else output.note(`wrote ${visible(file)}`)
}
