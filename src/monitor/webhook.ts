/** Posts alerts to a URL as Standard Webhooks 1.0.0 has it: JSON, an id for repeated deliveries, and an HMAC where a secret is shared. */
import { createHmac, randomUUID } from 'node:crypto'
import { excerpt, type JsonObject, SealstoneError, withRetry } from '#core'

export interface WebhookOptions {
  readonly url: URL
  /** Shared with the receiver; without it the alerts are not signed. */
  readonly secret?: Uint8Array
  readonly signal: AbortSignal
  /** For all tries of one delivery; default 30,000. */
  readonly timeoutMs?: number
}

/** Throws WEBHOOK_UNAVAILABLE when nobody takes them in time, CANCELLED. */
export async function postAlerts(alerts: readonly JsonObject[], options: WebhookOptions): Promise<void> {
  const id = randomUUID() // the same in all tries: a receiver can tell them from new ones
  const body = JSON.stringify({ type: 'sealstone.audit.alerts', timestamp: new Date().toISOString(), data: { alerts } })
  await withRetry({ attempts: ATTEMPTS, timeoutMs: options.timeoutMs ?? 30_000, signal: options.signal }, (leftMs) =>
    postOnce(id, body, Math.min(leftMs, MOST_ATTEMPT_MS), options),
  )
}

/** `webhook-signature`: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`. */
export function webhookSignature(secret: Uint8Array, id: string, timestampSeconds: number, body: string): string {
  return `v1,${createHmac('sha256', secret).update(`${id}.${timestampSeconds}.${body}`).digest('base64')}`
}

/** Throws INPUT_INVALID for what is no plain https or http URL. */
export function parseWebhookUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new SealstoneError('INPUT_INVALID', `webhook is ${excerpt(text)}, want an https or http URL`)
  if (url.username !== '' || url.password !== '')
    throw new SealstoneError('INPUT_INVALID', 'the URL of the webhook has a user or a password', {
      hint: 'share a secret instead: --webhook-secret FILE',
    })
  return url
}

/** The text of a secret as the specification writes it, `whsec_` and base64 of 24 to 64 bytes. Throws INPUT_INVALID, without the text. */
export function parseWebhookSecret(text: string): Uint8Array {
  try {
    const secret = Uint8Array.fromBase64(text.trim().replace(/^whsec_/, ''))
    if (secret.length >= 24 && secret.length <= 64) return secret
  } catch {
    // told below
  }
  throw new SealstoneError('INPUT_INVALID', 'the secret of the webhook is not valid, want whsec_ and base64 of 24 to 64 random bytes', {
    hint: 'make one with: echo "whsec_$(head -c 32 /dev/urandom | base64)"',
  })
}

async function postOnce(id: string, body: string, ms: number, { url, secret, signal }: WebhookOptions): Promise<void> {
  const timestampSeconds = Math.floor(Date.now() / 1000)
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    ...(secret === undefined ? {} : { 'webhook-signature': webhookSignature(secret, id, timestampSeconds, body) }),
  }
  let status: number
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(ms))])
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal: limit })
    await response.body?.cancel()
    status = response.status
  } catch (cause) {
    signal.throwIfAborted()
    throw unavailable(url, 'did not answer', cause)
  }
  if (status < 200 || status > 299) throw unavailable(url, `answered ${status}, want 200`)
}

/** Path and query of a webhook are often a secret themselves. */
function unavailable({ host }: URL, what: string, cause?: unknown): SealstoneError {
  return new SealstoneError('WEBHOOK_UNAVAILABLE', `the webhook at ${host} ${what}`, cause === undefined ? {} : { cause })
}

const ATTEMPTS = 5
const MOST_ATTEMPT_MS = 10_000
