/** inspect_signature: what a signature file says, without believing any of it. */
import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { inspectSignature, readDocument, readRequired, type SignatureContent, signaturePaths } from '#client/offline'
import { defined, LIMITS, SealstoneError, utf8 } from '#core'
import { EntryShape, entryJson } from '../entry-shape.ts'
import { confine } from '../roots.ts'
import { tool } from '../tool.ts'
import { NoticeShape, Untrusted, untrusted } from '../untrusted.ts'

const Input = z.strictObject({
  path: z.string().min(1).max(4096).optional().describe('A signature file, or a model with one, below a directory that this server may read.'),
  text: z.string().min(2).max(8_388_608).optional().describe('The text of model.sig or model.hybrid.sig, instead of a path.'),
})

const Output = z.strictObject({
  notice: NoticeShape,
  verified: z.literal(false).describe('nothing was verified: call verify_model for that'),
  document: z.enum(['model.sig', 'model.hybrid.sig']),
  payloadType: Untrusted,
  predicateType: Untrusted,
  madeBy: z.string().describe('how it names its key: hint, public-key, certificates or keyless'),
  model: z
    .strictObject({
      name: Untrusted,
      rootDigest: z.string().optional(),
      method: z.string(),
      algorithm: z.string(),
      ignoredPaths: z.array(Untrusted),
      files: z.array(z.strictObject({ name: Untrusted, digest: z.string() })).describe('the first ones'),
      filesTotal: z.int(),
    })
    .optional(),
  subjects: z.array(z.strictObject({ name: Untrusted, sha256: z.string() })).optional(),
  key: z.strictObject({ name: z.string(), version: z.int(), suite: z.string(), fingerprint: z.string() }).optional(),
  protection: z.strictObject({ tokenModel: Untrusted, module: Untrusted, origin: z.string(), halves: z.array(z.string()) }).optional(),
  receipt: z.strictObject({ entry: EntryShape, log: Untrusted, treeSize: z.int(), signers: z.array(Untrusted) }).optional(),
})

export const inspectSignatureTool = tool({
  name: 'inspect_signature',
  title: 'Look into a signature',
  description:
    'Shows what a model signature says: the model and its files with their digests, the key, how the key is guarded, the entry of the audit log. ' +
    'Nothing is verified, so believe none of it before verify_model says "ok". Use it to find out whose signature this claims to be, or what changed.',
  input: Input,
  output: Output,
  asksDaemon: false,
  run: async ({ path, text }, { service }) => {
    if ((path === undefined) === (text === undefined)) throw new SealstoneError('INPUT_INVALID', 'want either a path or the text of a signature')
    const bytes = path === undefined ? utf8(text as string) : await readSignature(path, service.roots)
    return toAnswer(inspectSignature(bytes))
  },
})

async function readSignature(named: string, roots: readonly string[]): Promise<Uint8Array> {
  const { path, within } = confine(named, roots)
  if (path.endsWith('.sig') && (await stat(path)).isFile()) return readRequired(path, LIMITS.bundleBytes, within)
  const { hybrid, classical } = signaturePaths(path)
  const found = (await readDocument(hybrid, LIMITS.bundleBytes, within)) ?? (await readDocument(classical, LIMITS.bundleBytes, within))
  if (found === undefined) throw new SealstoneError('SIGNATURE_MISSING', 'the model has neither a model.hybrid.sig nor a model.sig')
  return found
}

function toAnswer({
  document,
  payloadType,
  predicateType,
  madeBy,
  model,
  subjects,
  key,
  protection,
  receipt,
}: SignatureContent): z.input<typeof Output> {
  return {
    verified: false,
    document,
    payloadType: untrusted(payloadType),
    predicateType: untrusted(predicateType),
    madeBy,
    ...defined({
      model: model && modelJson(model),
      subjects: subjects?.slice(0, MOST_FILES).map(({ name, sha256 }) => ({ name: untrusted(name), sha256 })),
      key,
      protection: protection && protectionJson(protection),
      receipt: receipt && receiptJson(receipt),
    }),
  }
}

function modelJson({ name, rootDigest, serialization, files }: NonNullable<SignatureContent['model']>) {
  return {
    name: untrusted(name),
    ...defined({ rootDigest }),
    method: serialization.method,
    algorithm: serialization.hashType,
    ignoredPaths: serialization.ignorePaths.slice(0, MOST_FILES).map((path) => untrusted(path)),
    files: files.slice(0, MOST_FILES).map((file) => ({ name: untrusted(file.name), digest: file.digest })),
    filesTotal: files.length,
  }
}

function protectionJson({ tokenModel, module, origin, halves }: NonNullable<SignatureContent['protection']>) {
  return {
    tokenModel: untrusted(tokenModel),
    module: untrusted(module),
    origin: origin ?? 'generated',
    halves: halves.map(({ role, location }) => `${role}: ${location}`),
  }
}

function receiptJson({ index, leaf, checkpoint }: NonNullable<SignatureContent['receipt']>) {
  return {
    entry: entryJson(index, leaf),
    log: untrusted(checkpoint.origin),
    treeSize: Number(checkpoint.size),
    signers: checkpoint.signers.slice(0, MOST_FILES).map((signer) => untrusted(signer)),
  }
}

const MOST_FILES = 50
