/** Logging in to an MCP registry as the owner of a domain: the daemon signs the time, the registry gives a token for it. */
import { innermostReason, readBounded, isJsonObject, type JsonObject, parseStrictObject, SealstoneError, toHex } from '#core'
import type { SignRegistryChallengeResponse } from '#wire'
import { isLoopback } from './address.ts'
import type { Channel } from './channel.ts'
import type { CallOptions } from './options.ts'
import type { RegistryChallenge, RegistryChallengeRequest } from './signing-types.ts'

export async function signRegistryChallenge(
  channel: Channel,
  { key, keyVersion = 0, domain }: RegistryChallengeRequest,
  options?: CallOptions,
): Promise<RegistryChallenge> {
  const answer = await channel.unary<SignRegistryChallengeResponse>(
    (grpc, done) => channel.signing.signRegistryChallenge({ key, keyVersion, domain }, grpc, done),
    options,
  )
  const { timestamp, signature, algorithm, leafIndex } = answer
  return { domain, timestamp, signature: Uint8Array.from(signature), algorithm, leafIndex: BigInt(leafIndex) }
}

/** What the registry is sent, as its publisher sends it. */
export function registryLoginBody({ domain, timestamp, signature }: RegistryChallenge): JsonObject {
  return { domain, timestamp, signed_timestamp: toHex(signature) }
}

export interface RegistryToken {
  /** A secret: who has it publishes in the name of the domain. */
  readonly token: string
  /** Seconds since 1970, where the registry says so. */
  readonly expiresAt?: number
}

/** @param url the registry's, without a path. Throws INPUT_INVALID for a URL that would show the challenge to others, REGISTRY_REFUSED, CANCELLED. */
export async function askRegistry(
  url: string,
  method: 'http' | 'dns',
  challenge: RegistryChallenge,
  { signal, timeoutMs = 15_000 }: Pick<CallOptions, 'signal' | 'timeoutMs'> = {},
): Promise<RegistryToken> {
  const endpoint = `${registryUrl(url).href.replace(/\/+$/, '')}/v0/auth/${method}`
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])])
  let status: number
  let body: Uint8Array
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(registryLoginBody(challenge)),
      redirect: 'error',
      signal: limit,
    })
    status = response.status
    body = await readBounded(response, MAX_ANSWER_BYTES)
  } catch (cause) {
    signal?.throwIfAborted()
    throw refused(limit.aborted ? `it does not answer within ${timeoutMs} ms` : `it cannot be reached (${innermostReason(cause)})`, cause)
  }
  if (status !== 200) throw refused(`it answers ${status}: ${JSON.stringify(Buffer.from(body).toString().trim().slice(0, 300))}`)
  return readToken(body)
}

/** A challenge is as good as a password for 15 seconds. Throws INPUT_INVALID. */
export function registryUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe = url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, ''))))
  if (!isSafe || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new SealstoneError('INPUT_INVALID', `registry is ${JSON.stringify(text.slice(0, 200))}, want an https URL such as https://registry.example`)
  return url
}

function readToken(body: Uint8Array): RegistryToken {
  let answer: JsonObject
  try {
    answer = parseStrictObject(body, { maxBytes: MAX_ANSWER_BYTES, maxDepth: 8 })
  } catch (cause) {
    throw refused(`its answer is malformed: ${(cause as Error).message}`, cause)
  }
  const { registry_token: token, expires_at: expiresAt } = answer
  if (!isJsonObject(answer) || typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token)) throw refused('its answer has no registry_token')
  return { token, ...(typeof expiresAt === 'number' && Number.isSafeInteger(expiresAt) ? { expiresAt } : {}) }
}

function refused(message: string, cause?: unknown): SealstoneError {
  return new SealstoneError('REGISTRY_REFUSED', message, cause === undefined ? {} : { cause })
}

const MAX_ANSWER_BYTES = 64 * 1024
