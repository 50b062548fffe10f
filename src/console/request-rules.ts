/** What a request must be before anything looks at it: for this host, from this page, without a body; and what every answer says. */
import type { IncomingMessage } from 'node:http'

export interface Refusal {
  readonly status: 400 | 403 | 405 | 413 | 421
  readonly text: string
}

/** @param hosts the values of `Host` that are ours: a name that somebody else's DNS points here is none (DNS rebinding). */
export function judgeRequest(request: IncomingMessage, hosts: ReadonlySet<string>): Refusal | undefined {
  const { host, origin, 'sec-fetch-site': site } = request.headers
  if (host === undefined || !hosts.has(host.toLowerCase())) return { status: 421, text: 'this host is not served here' }
  if (origin !== undefined && !hosts.has(origin.toLowerCase().replace(/^https?:\/\//, '')))
    return { status: 403, text: 'other pages may not ask here' }
  // Fetch Metadata: `none` is a person who typed the address or followed a link from outside of a browser.
  const isNavigation = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET'
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isNavigation) return { status: 403, text: 'other pages may not ask here' }
  if (request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'POST') return { status: 405, text: 'there is GET alone' }
  if (hasBody(request)) return { status: 413, text: 'a body is not taken' }
  if ((request.url?.length ?? 0) > MAX_URL) return { status: 400, text: 'the address is too long' }
  return undefined
}

/** The names by which a browser on this machine reaches a listener, and those of the configuration. */
export function servedHosts(host: string, port: number, isTls: boolean, configured: readonly string[]): Set<string> {
  const names = [host.includes(':') ? `[${host}]` : host, 'localhost', '127.0.0.1', '[::1]', ...configured].map((name) => name.toLowerCase())
  const isDefault = port === (isTls ? 443 : 80)
  return new Set(names.flatMap((name) => [`${name}:${port}`, ...(isDefault ? [name] : [])]))
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Nothing from elsewhere, nothing inline, in no frame, kept nowhere. */
export const SECURITY_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const
const MAX_URL = 4096
