/**
 * What a registry does before a model goes live: have it signed, store both signatures, and verify everything as its users will.
 * Usage: publish.ts MODEL SOCKET TRUST_FILE
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'sealstone/client'
import { verifyModelFiles } from 'sealstone/client/offline'

const [path, socket, trust] = process.argv.slice(2)
if (path === undefined || socket === undefined || trust === undefined) throw new Error('usage: publish.ts MODEL SOCKET TRUST_FILE')

await using sealstone = connect({ address: `unix:${socket}` })
const answer = await sealstone.sign(
  { key: 'default', content: { kind: 'model', path } }, // the files are hashed here and never sent
  { signal: AbortSignal.timeout(60_000) },
)
await writeFile(join(path, 'model.hybrid.sig'), answer.hybridSig)
if (answer.modelSig !== undefined) await writeFile(join(path, 'model.sig'), answer.modelSig)

const verdict = await verifyModelFiles({ path, trust: { kind: 'trust-file', path: trust } }) // asks nobody
if (!verdict.ok) throw new Error(`not published: ${JSON.stringify(verdict.checks)}`)
console.log(`signed and verified; entry ${answer.leafIndex} of the audit log`)
