/** request_signature: signs a model after a person saw what is signed and agreed. There only if the operator wants it. */
import { acceptedContent, type ClientCapabilities, inputRequired } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { hashModel, refuseOtherModel, rootDigest, signaturePaths } from '#client/offline'
import { defined, SealstoneError, toHex } from '#core'
import { removeStaleTemporaries, writeFiles } from '#files'
import type { Approval } from '../approvals.ts'
import { confine } from '../roots.ts'
import type { Signing } from '../service.ts'
import { tool, type ToolCall } from '../tool.ts'
import { harmless, NoticeShape, Untrusted, untrusted } from '../untrusted.ts'

const Input = z.strictObject({
  path: z.string().min(1).max(4096).describe('Model directory or single file, below a directory in which models may be signed.'),
  key: z.string().max(63).optional().describe('Name of the signing key; default is the first that is allowed.'),
})

const Answer = z.object({ sign: z.boolean().describe('Sign it') })

export const requestSignatureTool = tool({
  name: 'request_signature',
  title: 'Ask a person to let a model be signed',
  description:
    'Asks the person at this host to approve the signing of a model, and signs it if they do. They are shown the path, the digest and the key. ' +
    'Writes model.sig and model.hybrid.sig; the audit log tells of it. Needs the daemon, and a host that can ask (elicitation).',
  input: Input,
  output: z.strictObject({
    notice: NoticeShape,
    signed: z.literal(true),
    path: Untrusted,
    rootDigest: z.string(),
    key: z.string(),
    files: z.int(),
    entry: z.int().describe('index in the audit log'),
    written: z.array(Untrusted),
  }),
  asksDaemon: true,
  // Signatures that were there before are replaced.
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false },
  run: async (input, call) => {
    const signing = call.service.signing
    if (signing === undefined) throw new SealstoneError('PERMISSION_DENIED', 'this server does not sign')
    const asked = call.context.mcpReq.requestState()
    return typeof asked === 'string' ? sign(call.service.approvals.take(asked), asked, call) : ask(input, signing, call)
  },
})

async function ask({ path, key: wanted }: z.output<typeof Input>, signing: Signing, { service, signal, onProgress, capabilities }: ToolCall) {
  if (!canAsk(capabilities))
    throw new SealstoneError('PERMISSION_DENIED', 'this host cannot ask a person, so nothing is signed', { hint: SIGN_YOURSELF })
  const key = signing.keys.find((allowed) => wanted === undefined || allowed === wanted)
  if (key === undefined)
    throw new SealstoneError('PERMISSION_DENIED', 'this key may not sign here', { hint: 'name a key that was given with --signing-key' })
  // Asked before the hashing and the person, who would have agreed for nothing.
  const health = await (await service.client()).health({ signal })
  if (health !== 'serving') throw new SealstoneError('DAEMON_DRAINING', 'the daemon does not take requests now')
  const confined = confine(path, signing.roots)
  // A person can judge only what they see whole.
  if (harmless(confined.path) !== confined.path)
    throw new SealstoneError('PATH_INVALID', 'the path is too long to be shown to a person, or has characters that cannot be seen', {
      hint: SIGN_YOURSELF,
    })
  const paths = signaturePaths(confined.path)
  await refuseOtherModel(confined.path, paths, confined.within)
  const manifest = await service.hashing.run(signal, (bounded) =>
    hashModel(confined.path, { always: paths.insideModel, ...defined({ within: confined.within, onProgress }), signal: bounded }),
  )
  const approval = { path: confined.path, key, manifest }
  return inputRequired({
    inputRequests: { approval: inputRequired.elicit({ message: describe(approval), requestedSchema: Answer }) },
    requestState: service.approvals.ask(approval),
  })
}

/** What the person saw is what is signed: if the files changed since, the signature is not theirs. */
async function sign({ path, key, manifest }: Approval, approvalId: string, { service, signal, context }: ToolCall) {
  if (acceptedContent(context.mcpReq.inputResponses, 'approval', Answer)?.sign !== true) {
    throw new SealstoneError('PERMISSION_DENIED', 'the person did not approve, so nothing was signed', {
      hint: 'do not ask again unless they want it',
    })
  }
  const client = await service.client()
  const answer = await client.sign({ key, idempotencyKey: approvalId, content: { kind: 'manifest', manifest } }, { signal })
  const { hybrid, classical } = signaturePaths(path)
  await removeStaleTemporaries([hybrid, classical])
  await writeFiles([
    { path: hybrid, bytes: answer.hybridSig },
    { path: classical, bytes: answer.modelSig }, // a key without a companion removes what an earlier key left here
  ])
  return {
    signed: true as const,
    path: untrusted(path),
    rootDigest: rootOf(manifest),
    key,
    files: manifest.resources.length,
    entry: Number(answer.leafIndex),
    written: [hybrid, ...(answer.modelSig === undefined ? [] : [classical])].map((file) => untrusted(file)),
  }
}

/** MCP: an empty capability means forms. */
function canAsk({ elicitation }: Pick<ClientCapabilities, 'elicitation'>): boolean {
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)
}

function describe({ path, key, manifest }: Approval): string {
  const { resources, totalBytes } = manifest
  // Each on a line of its own, and no name can begin another line.
  return [
    'Sign this model?',
    `Path: ${path}`,
    `Digest: sha256:${rootOf(manifest)}`,
    `Content: ${resources.length} ${resources.length === 1 ? 'file' : 'files'}, ${totalBytes} bytes`,
    `Key: ${key}`,
    'The signing is recorded in the audit log.',
  ].join('\n')
}

function rootOf(manifest: Approval['manifest']): string {
  return toHex(rootDigest(manifest.resources))
}

const SIGN_YOURSELF = 'have a person run: sealstone sign MODEL'
