/** Sign: what to sign comes in, the two signatures and the receipt go out. */
import { excerpt, type JsonValue, LIMITS, parseIdempotencyKey, parseKeyName, parseStrictObject, toHex } from '#core'
import type { RegistryRequest, SignAnswer, SignContent, SignRequest } from '#operations'
import type { ReceiptInit, SignRequest as SignRequestMessage, SignRegistryChallengeRequest, SignResponseInit, Statement } from '#wire'
import { fromTimestamp, readBytes, readCount, readText, readWith, refuse } from '#wire'
import { toManifest } from './manifest-messages.ts'

/** Throws INPUT_INVALID, INPUT_TOO_LARGE or JSON_INVALID, with the field. */
export function toSignRequest(message: SignRequestMessage): SignRequest {
  return {
    key: readWith(parseKeyName, message.key, 'key'),
    idempotencyKey: readWith(parseIdempotencyKey, message.idempotencyKey, 'idempotency_key'),
    content: toContent(message),
    ...toTickets(message),
    ...toCachedDigests(message),
    ...(message.keyVersion === 0 ? {} : { keyVersion: message.keyVersion }),
  }
}

/** Throws INPUT_INVALID or INPUT_TOO_LARGE, with the field. */
export function toRegistryRequest({ key, keyVersion, domain }: SignRegistryChallengeRequest): RegistryRequest {
  const name = readText(domain, 'domain', 253)
  if (!DOMAIN.test(name)) refuse('domain', `is ${excerpt(name)}, want a domain such as example.com`)
  return { key: readWith(parseKeyName, key, 'key'), domain: name.toLowerCase(), ...(keyVersion === 0 ? {} : { keyVersion }) }
}

function toTickets({ hashTickets }: SignRequestMessage): Pick<SignRequest, 'hashTickets'> {
  if (hashTickets.length === 0) return {}
  readCount(hashTickets.length, 'hash_tickets', 0, LIMITS.resources)
  const tickets = new Map(hashTickets.map(({ name, ticket }) => [readText(name, 'hash_tickets.name', LIMITS.resourceNameBytes), ticket]))
  if (tickets.size !== hashTickets.length) refuse('hash_tickets', 'has two for one name')
  return { hashTickets: tickets }
}

function toCachedDigests({ cachedDigests }: SignRequestMessage): Pick<SignRequest, 'cachedDigests'> {
  if (cachedDigests === null) return {}
  const { count, oldest } = cachedDigests
  if (count === 0) refuse('cached_digests.count', 'is missing')
  if (oldest === null) return refuse('cached_digests.oldest', 'is missing')
  return { cachedDigests: { count, oldest: fromTimestamp(oldest) } }
}

export function signAnswerMessage({ operationId, modelSig, hybridSig, receipt, leafIndex, replayed }: SignAnswer): SignResponseInit {
  return {
    operationId,
    modelHybridSig: hybridSig,
    receipt: receiptMessage(receipt),
    leafIndex: String(leafIndex),
    replayed,
    ...(modelSig === undefined ? {} : { modelSig }),
  }
}

export function receiptMessage({ leaf, proof }: SignAnswer['receipt']): ReceiptInit {
  return { leaf, proof }
}

function toContent({ content, manifest, statement }: SignRequestMessage): SignContent {
  if (content === 'manifest' && manifest) return { kind: 'manifest', manifest: toManifest(manifest) }
  if (content === 'statement' && statement) return toStatement(statement)
  return refuse('content', 'is missing, want manifest or statement')
}

function toStatement({ predicateType, predicate, subjects }: Statement): SignContent {
  readCount(subjects.length, 'statement.subjects', 1, LIMITS.resources)
  return {
    kind: 'statement',
    predicateType: readText(predicateType, 'statement.predicate_type', MAX_PREDICATE_TYPE_BYTES),
    predicate: toPredicate(predicate),
    subjects: subjects.map(({ name, sha256 }, index) => ({
      name: readText(name, `statement.subjects[${index}].name`, LIMITS.resourceNameBytes),
      sha256: toHex(readBytes(sha256, `statement.subjects[${index}].sha256`, 32)),
    })),
  }
}

/** One JSON object. It is written anew in canonical form before it is signed, so what would not survive that is refused. */
function toPredicate(bytes: Buffer): JsonValue {
  const field = 'statement.predicate'
  const limits = { maxBytes: LIMITS.payloadBytes, maxDepth: LIMITS.jsonDepth, maxValues: LIMITS.statementValues }
  const predicate = readWith(() => parseStrictObject(bytes, limits), '', field)
  const strays: JsonValue[] = [predicate]
  for (let value = strays.pop(); value !== undefined; value = strays.pop()) {
    if (typeof value === 'number') checkNumber(value, field)
    else if (typeof value === 'object' && value !== null) for (const inner of Object.values<JsonValue>(value)) strays.push(inner)
  }
  return predicate
}

/** RFC 7493 §2.2: a larger whole number may have lost digits on the way into a double. */
function checkNumber(value: number, field: string): void {
  if (!Number.isFinite(value)) refuse(field, 'has a number beyond the range of a double', 'JSON_INVALID')
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    refuse(field, `has the number ${value}, which is exact only up to 2^53 - 1; write it as a string`, 'JSON_INVALID')
  }
}

const MAX_PREDICATE_TYPE_BYTES = 4096

/** Labels of letters, digits and hyphens (RFC 1123 §2.1), as registries have it. */
const DOMAIN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i
