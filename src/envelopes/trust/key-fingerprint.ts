/** How a public key is told from others: the SHA-256 of its SPKI DER. */
import { sha256 } from '@noble/hashes/sha2.js'
import { perObject, toHex } from '#core'
import type { PublicKey } from '#suites'

/** Hex SHA-256 of the SPKI DER. */
export const keyFingerprint = perObject((key: Pick<PublicKey, 'spki'>): string => toHex(sha256(key.spki)))
