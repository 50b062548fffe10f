/** Certificate authorities and certificates for TLS tests, made by the openssl command when a test runs and gone with it. */
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: Buffer
  readonly key: Buffer
  readonly der: Uint8Array
}

export interface LeafOptions {
  /** As openssl spells them, for example `['URI:spiffe://example.org/a', 'DNS:a.example.org']`. */
  readonly names?: readonly string[]
  /** Further lines of the extension section, for example `keyUsage = keyCertSign`. */
  readonly extensions?: readonly string[]
  /** Days from now until it ends; default 2, negative for one that is over. */
  readonly days?: number
  readonly subject?: string
}

export interface Authority extends CertificateFiles {
  issue(name: string, options?: LeafOptions): CertificateFiles
}

/** Everything is written to `folder`. */
export function makeAuthority(folder: string, name = 'ca'): Authority {
  const authority = selfSigned(folder, name)
  return { ...authority, issue: (leaf, options = {}) => issue(folder, authority, leaf, options) }
}

/** The section of config.toml by which a daemon speaks mutual TLS at a port of its choice. Closes the private key to others, as the daemon demands. */
export function mutualTls(server: CertificateFiles, clients: Authority): string {
  chmodSync(server.keyFile, 0o600)
  return `
[listen.tls]
address = "127.0.0.1:0"
certificate = "${server.certFile}"
private_key = "${server.keyFile}"
client_ca = "${clients.certFile}"
`
}

function selfSigned(folder: string, name: string): CertificateFiles {
  const files = paths(folder, name)
  const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  openssl(['req', '-x509', ...NEW_KEY, '-keyout', files.keyFile, '-out', files.certFile, '-subj', `/CN=${name}`, '-days', '2', ...extensions])
  return read(files)
}

function issue(folder: string, authority: CertificateFiles, name: string, options: LeafOptions): CertificateFiles {
  const files = paths(folder, name)
  const request = join(folder, `${name}.csr`)
  const extensions = join(folder, `${name}.ext`)
  const names = options.names ?? []
  const lines = [...(names.length === 0 ? [] : [`subjectAltName = ${names.join(',')}`]), ...(options.extensions ?? [])]
  writeFileSync(extensions, lines.length === 0 ? 'basicConstraints = CA:FALSE' : lines.join('\n'))
  openssl(['req', ...NEW_KEY, '-keyout', files.keyFile, '-out', request, '-subj', options.subject ?? `/CN=${name}`])
  const issuer = ['-CA', authority.certFile, '-CAkey', authority.keyFile, '-CAcreateserial']
  openssl(['x509', '-req', '-in', request, ...issuer, '-out', files.certFile, '-days', String(options.days ?? 2), '-extfile', extensions])
  return read(files)
}

function paths(folder: string, name: string): { certFile: string; keyFile: string } {
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) }
}

function read(files: { certFile: string; keyFile: string }): CertificateFiles {
  const cert = readFileSync(files.certFile)
  return { ...files, cert, key: readFileSync(files.keyFile), der: new X509Certificate(cert).raw }
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
