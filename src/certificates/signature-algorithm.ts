/** The AlgorithmIdentifier of a suite's signatures in certificates and requests. */
import { Null, type Sequence } from 'asn1js'
import { AlgorithmIdentifier, RSASSAPSSParams } from 'pkijs'
import { equalBytes, SealstoneError } from '#core'
import { PRIMITIVES, type Suite } from '#suites'

/**
 * The suite's own OID, parameters absent: RFC 5758 §3.2 for ECDSA, RFC 8410 §3, RFC 9881 §2, RFC 9909 §3,
 * draft-ietf-lamps-pq-composite-sigs-19 §5. RSA-PSS alone names its hash and salt (RFC 4055 §3.1).
 */
export function signatureAlgorithm(suite: Suite): AlgorithmIdentifier {
  const row = suite.kind === 'classical' && suite.classical !== undefined ? PRIMITIVES[suite.classical] : undefined
  if (row?.kind !== 'rsa') return new AlgorithmIdentifier({ algorithmId: suite.oid })
  return new AlgorithmIdentifier({ algorithmId: suite.oid, algorithmParams: pssParameters(row.hash) })
}

export function isSignatureAlgorithmOf(suite: Suite, algorithm: AlgorithmIdentifier): boolean {
  return equalBytes(encoded(algorithm), encoded(signatureAlgorithm(suite)))
}

/** The salt is as long as the hash, which is not the default, and so is the hash; the trailer is the default and left out. */
function pssParameters(hash: string): Sequence {
  const known = HASHES[hash]
  if (known === undefined) throw new SealstoneError('INTERNAL', `RSA-PSS with ${hash} has no parameters here`)
  // RFC 4055 §2.1: the parameters of a SHA-2 hash are NULL in this place.
  const hashAlgorithm = new AlgorithmIdentifier({ algorithmId: known.oid, algorithmParams: new Null() })
  const maskGenAlgorithm = new AlgorithmIdentifier({ algorithmId: MGF1, algorithmParams: hashAlgorithm.toSchema() })
  return new RSASSAPSSParams({ hashAlgorithm, maskGenAlgorithm, saltLength: known.bytes }).toSchema()
}

function encoded(algorithm: AlgorithmIdentifier): Uint8Array {
  return new Uint8Array(algorithm.toSchema().toBER())
}

const MGF1 = '1.2.840.113549.1.1.8' // RFC 8017 appendix B.2.1
const HASHES: Readonly<Record<string, { readonly oid: string; readonly bytes: number }>> = {
  sha256: { oid: '2.16.840.1.101.3.4.2.1', bytes: 32 },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', bytes: 48 },
}
