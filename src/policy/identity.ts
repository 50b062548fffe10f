/** Who is calling: one identity per caller, or none. A certificate that could mean two callers is refused. */
import { excerpt, type Identity, parseIdentity, SealstoneError } from '#core'
import { type CertificateNames, readCertificateNames } from './certificate-names.ts'

export type Peer =
  /** Came through the Unix socket: its owner, by the socket's permissions. */
  | { readonly kind: 'socket' }
  /** Came through plain TCP on this machine: could be any of its users. */
  | { readonly kind: 'loopback' }
  /** The client certificate of a TLS connection whose chain was verified, DER. */
  | { readonly kind: 'certificate'; readonly der: Uint8Array }

/** Throws UNAUTHENTICATED. */
export function identityOf(peer: Peer): Identity {
  switch (peer.kind) {
    case 'socket':
      return parseIdentity('local')
    case 'loopback':
      return parseIdentity('loopback')
    case 'certificate':
      return certificateIdentity(readCertificateNames(peer.der))
  }
}

export function isSpiffe(text: string): boolean {
  return text.startsWith(SPIFFE)
}

function certificateIdentity(names: CertificateNames): Identity {
  const { uris, dnsNames } = names
  if (uris.some((uri) => uri.toLowerCase().startsWith(SPIFFE))) return spiffeIdentity(names)
  const [name, ...others] = new Set(dnsNames.map((dnsName) => dnsName.toLowerCase()))
  if (name === undefined) throw refused('has no SPIFFE URI and no DNS name')
  if (others.length > 0) throw refused(`has ${others.length + 1} DNS names, want one: which of them calls?`)
  return dnsIdentity(name)
}

/** X509-SVID §5.2: a leaf, one URI, a path. */
function spiffeIdentity({ uris, isAuthority, signsCertificates }: CertificateNames): Identity {
  const [uri = '', ...others] = uris
  if (others.length > 0) throw refused(`has ${uris.length} URIs, want the SPIFFE ID alone`)
  if (isAuthority || signsCertificates) throw refused('may issue certificates, so it is not a SPIFFE leaf')
  const match = SPIFFE_ID.exec(uri)
  const segments = match?.[2]?.split('/').slice(1) ?? []
  if (uri.length > MAX_SPIFFE_BYTES || match === null || segments.some((segment) => segment === '.' || segment === '..')) {
    throw refused(`has the SPIFFE ID ${excerpt(uri)}, which is not valid`)
  }
  return parseIdentity(uri)
}

/** With at least one dot, so that no certificate can be `local` or `loopback`; no wildcard, which is nobody in particular. */
function dnsIdentity(name: string): Identity {
  if (name.length > MAX_DNS_NAME || !DNS_NAME.test(name)) {
    throw refused(`has the DNS name ${excerpt(name)}, want a full name without wildcard`)
  }
  return parseIdentity(name)
}

function refused(what: string): SealstoneError {
  return new SealstoneError('UNAUTHENTICATED', `the client certificate ${what}`)
}

const SPIFFE = 'spiffe://'
// SPIFFE-ID §2: trust domain, then at least one segment (X509-SVID §5.2); no empty segment, no slash at the end.
const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)+)$/
const MAX_SPIFFE_BYTES = 2048
// RFC 1123 §2.1
const DNS_NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const MAX_DNS_NAME = 253
