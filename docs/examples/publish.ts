/** What a registry does before a model goes live: sign it, keep both files, and verify them before they are served. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from '#client'
import { verifyModelFiles } from '#client/offline'

const [path, socket, trust] = process.argv.slice(2)
if (path === undefined || socket === undefined || trust === undefined) throw new Error('usage: publish.ts MODEL SOCKET TRUST_FILE')

await using sealstone = connect({ address: `unix:${socket}` })
const answer = await sealstone.sign(
  { key: 'default', idempotencyKey: `publish:${path}`, content: { kind: 'model', path } }, // hashed here, never sent
  { signal: AbortSignal.timeout(60_000) },
)
await writeFile(join(path, 'model.hybrid.sig'), answer.hybridSig)
if (answer.modelSig !== undefined) await writeFile(join(path, 'model.sig'), answer.modelSig)
console.log(`signed as entry ${answer.leafIndex} of the audit log`)
