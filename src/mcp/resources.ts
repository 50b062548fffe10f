/** The resources: the newest checkpoint of the log, and by a model's root digest what the log knows of it. */
import { type McpServer, ProtocolError, ProtocolErrorCode, type ReadResourceResult, ResourceTemplate } from '@modelcontextprotocol/server'
import type { LogEntry } from '#client'
import { checkpointFacts, judgeCheckpoint, judgeReceipt } from '#client/offline'
import { SealstoneError, toSealstoneError } from '#core'
import { entryJson } from './entry-shape.ts'
import { judged } from './judgement.ts'
import type { Service } from './service.ts'
import { harmless, harmlessDeep, NOTICE, untrusted } from './untrusted.ts'

export function addResources(server: McpServer, service: Service): void {
  server.registerResource(
    'checkpoint',
    'audit://checkpoint',
    {
      title: 'Newest checkpoint',
      description: 'What the audit log says of itself now: its size and root hash, who signed it, and whether the trust file bears it out.',
      mimeType: JSON_TYPE,
    },
    (uri, { mcpReq: { signal } }) => answering(uri, () => checkpoint(service, signal)),
  )
  // Models are completed and not listed: a list that grows with every signing is no offer that anybody could approve.
  const complete = { root: async (begun: string) => (await recentModels(service)).map(rootOf).filter((root) => root.startsWith(begun)) }
  server.registerResource(
    'provenance',
    new ResourceTemplate('provenance://models/{root}', { list: undefined, complete }),
    {
      title: 'Provenance of a model',
      description:
        "What the audit log knows of the model with this root digest (64 hex digits): who signed it when, with which key, and the log's proof.",
      mimeType: JSON_TYPE,
    },
    (uri, { root }, { mcpReq: { signal } }) => answering(uri, () => provenance(service, String(root), signal)),
  )
}

async function checkpoint(service: Service, signal: AbortSignal): Promise<object> {
  const { note } = await (await service.client()).getCheckpoint({ signal })
  const { origin, size, root, signers } = checkpointFacts(note)
  const signatures = await judged(service, (trust) => judgeCheckpoint(note, trust))
  return {
    log: untrusted(origin),
    size: Number(size),
    rootHash: root,
    signers: signers.map((signer) => untrusted(signer)),
    signatures,
    note: note.split('\n').map((line) => untrusted(line, LONGEST_LINE)),
  }
}

async function provenance(service: Service, root: string, signal: AbortSignal): Promise<object> {
  const modelDigest = root.replace(/^sha256:/, '')
  if (!/^[0-9a-f]{64}$/.test(modelDigest)) throw new SealstoneError('INPUT_INVALID', 'the root digest is not 64 hex digits')
  const client = await service.client()
  const found = await Array.fromAsync(client.listEntries({ modelDigest, reverse: true, limit: MOST_ENTRIES + 1 }, { signal }))
  const signed = found.filter(isSigned)
  const signatures = await Promise.all(
    signed.slice(0, MOST_PROVEN).map(async ({ index, leaf }) => {
      const receipt = await client.getReceipt(index, { signal })
      return { entry: entryJson(index, leaf), inclusion: await judged(service, (trust) => judgeReceipt(receipt, trust)) }
    }),
  )
  return {
    modelDigest: `sha256:${modelDigest}`,
    known: found.length > 0,
    signatures,
    entries: found.slice(0, MOST_ENTRIES).map(({ index, leaf }) => entryJson(index, leaf)),
    more: found.length > MOST_ENTRIES,
  }
}

async function answering(uri: URL, read: () => Promise<object>): Promise<ReadResourceResult> {
  try {
    return { contents: [{ uri: uri.href, mimeType: JSON_TYPE, text: JSON.stringify(harmlessDeep({ notice: NOTICE, ...(await read()) })) }] }
  } catch (thrown) {
    const { code, message, hint } = toSealstoneError(thrown)
    const told = harmless(`${thrown instanceof SealstoneError ? message : 'it cannot be read'}; ${hint}`)
    throw new ProtocolError(code === 'INPUT_INVALID' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError, told, { code })
  }
}

/** None without a daemon: a completion is not the place for an error. */
async function recentModels(service: Service): Promise<readonly LogEntry[]> {
  try {
    const client = await service.client()
    const entries = await Array.fromAsync(client.listEntries({ kind: 'outcome', result: 'ok', reverse: true, limit: RECENT }, { timeoutMs: LIST_MS }))
    const models = entries.filter(isSigned)
    return models.filter((entry, at) => models.findIndex((other) => rootOf(other) === rootOf(entry)) === at)
  } catch {
    return []
  }
}

function isSigned({ leaf }: LogEntry): boolean {
  return leaf.kind === 'outcome' && leaf.result === 'ok' && leaf.modelDigest !== undefined
}

function rootOf({ leaf }: LogEntry): string {
  return leaf.modelDigest?.replace(/^sha256:/, '') ?? ''
}

const JSON_TYPE = 'application/json'
const MOST_ENTRIES = 50
const MOST_PROVEN = 5
/** Of a checkpoint: a signature of the largest suite in base64. */
const LONGEST_LINE = 40_000
const RECENT = 50
const LIST_MS = 3000
