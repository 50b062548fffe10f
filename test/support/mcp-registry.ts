/** An MCP registry as far as logging in goes: over HTTP, with the checks of the official one and keys from the proof that a domain publishes. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { p384 } from '@noble/curves/nist.js'

export interface McpRegistry extends AsyncDisposable {
  readonly url: string
  /** What each domain publishes. */
  readonly proofs: Map<string, string>
  /** Instead of its own answer. */
  answer: { readonly status: number; readonly body: string } | undefined
  readonly requests: { readonly path: string; readonly body: string }[]
}

export const REGISTRY_TOKEN = 'eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl'

export async function startMcpRegistry(): Promise<McpRegistry> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      registry.requests.push({ path: request.url ?? '', body })
      const fault = request.method === 'POST' && /^\/v0\/auth\/(http|dns)$/.test(request.url ?? '') ? judge(registry.proofs, body) : 'no such path'
      const { status, body: text } = registry.answer ?? {
        status: fault === undefined ? 200 : 401,
        body: JSON.stringify(
          fault === undefined ? { registry_token: REGISTRY_TOKEN, expires_at: 1_900_000_000 } : { title: 'Unauthorized', detail: fault },
        ),
      }
      response.writeHead(status, { 'content-type': 'application/json' }).end(text)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const registry: McpRegistry = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    proofs: new Map(),
    answer: undefined,
    requests: [],
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return registry
}

/** Why there is no token. */
function judge(proofs: ReadonlyMap<string, string>, body: string): string | undefined {
  const { domain = '', timestamp = '', signed_timestamp: hex = '' } = JSON.parse(body) as Record<string, string>
  if (!(Math.abs(Date.parse(timestamp) - Date.now()) <= 15_000)) return 'timestamp outside of the window'
  if (!/^[0-9a-f]+$/.test(hex)) return 'signature is not hex'
  const [, algorithm = '', base64 = ''] = /v=MCPv1;\s*k=([^;]+);\s*p=([A-Za-z0-9+/=]+)/.exec(proofs.get(domain) ?? '') ?? []
  const raw = Buffer.from(base64, 'base64')
  const signature = Buffer.from(hex, 'hex')
  const good =
    algorithm === 'ed25519'
      ? signature.length === 64 && verify(null, Buffer.from(timestamp), ed25519Key(raw), signature)
      : algorithm === 'ecdsap384' &&
        signature.length === 96 &&
        verify('sha384', Buffer.from(timestamp), { key: p384Key(raw), dsaEncoding: 'ieee-p1363' }, signature)
  return good ? undefined : 'signature verification failed'
}

function ed25519Key(raw: Buffer): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' })
}

function p384Key(compressed: Buffer): KeyObject {
  const point = Buffer.from(p384.Point.fromBytes(Uint8Array.from(compressed)).toBytes(false))
  return createPublicKey({
    key: { kty: 'EC', crv: 'P-384', x: point.toString('base64url', 1, 49), y: point.toString('base64url', 49) },
    format: 'jwk',
  })
}
