/** A timestamp authority of the test's own: `openssl ts` behind a small HTTP server, with a CA made for it. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface AuthorityOptions {
  /** Of the signing key; default `rsa:2048`. */
  readonly key?: 'rsa:2048' | 'ec'
  readonly essDigest?: 'sha1' | 'sha256'
  /** Of what it timestamps; default all three. */
  readonly digests?: string
}

export interface TestAuthority extends AsyncDisposable {
  readonly url: string
  readonly caFile: string
  /** DER. */
  readonly root: Uint8Array
  /** What the next answers are: changed from the right one, if set. */
  tamper: ((response: Buffer, query: Buffer) => Buffer | Promise<Buffer>) | undefined
  /** Answers a query. */
  reply(query: Uint8Array): Promise<Buffer>
  asked: number
}

export async function startAuthority({
  key = 'rsa:2048',

  essDigest = 'sha256',
  digests = 'sha256,sha384,sha512',
}: AuthorityOptions = {}): Promise<TestAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-tsa-'))
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const newKey = key === 'ec' ? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['-newkey', key]
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/O=Example/CN=test root',
    '-days',
    '60',
    '-addext',
    'keyUsage=critical,keyCertSign',
  )
  openssl('req', ...newKey, '-nodes', '-keyout', 'tsa.key', '-out', 'tsa.csr', '-subj', '/O=Example/CN=test timestamps')
  writeFileSync(
    join(folder, 'tsa.ext'),
    `extendedKeyUsage = critical,timeStamping\nkeyUsage = critical,digitalSignature\nbasicConstraints = critical,CA:FALSE\n`,
  )
  openssl(
    'x509',
    '-req',
    '-in',
    'tsa.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '30',
    '-extfile',
    'tsa.ext',
    '-out',
    'tsa.pem',
  )
  openssl('x509', '-in', 'ca.pem', '-outform', 'DER', '-out', 'ca.der')
  writeFileSync(
    join(folder, 'tsa.cnf'),
    `[tsa]\ndefault_tsa = test\n[test]\nserial = ${folder}/serial\nsigner_cert = ${folder}/tsa.pem\ncerts = ${folder}/ca.pem\nsigner_key = ${folder}/tsa.key\n` +
      `signer_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = ${digests}\naccuracy = secs:1\nordering = no\ntsa_name = no\ness_cert_id_chain = no\ness_cert_id_alg = ${essDigest}\n`,
  )
  writeFileSync(join(folder, 'serial'), '01\n')
  let running: Promise<unknown> = Promise.resolve()
  const authority: TestAuthority = {
    url: '',
    caFile: join(folder, 'ca.pem'),
    root: Uint8Array.from(readFileSync(join(folder, 'ca.der'))),
    tamper: undefined,
    asked: 0,
    reply: (query) => {
      // One at a time: they share a file of serial numbers.
      const next = running.then(
        () =>
          new Promise<Buffer>((resolve, reject) => {
            writeFileSync(join(folder, 'query'), query)
            execFile(
              'openssl',
              ['ts', '-reply', '-config', 'tsa.cnf', '-queryfile', 'query'],
              { cwd: folder, encoding: 'buffer' },
              (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
            )
          }),
      )
      running = next.catch(() => {})
      return next
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      authority.asked++
      const query = Buffer.concat(chunks)
      authority
        .reply(query)
        .then((reply) => authority.tamper?.(reply, query) ?? reply)
        .then(
          (reply) => response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(reply),
          () => response.writeHead(500).end(),
        )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(authority, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` })
}
