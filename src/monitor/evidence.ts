/** What shows to anybody with the trust file what a monitor saw: the signed notes as they were read, and what joins them. */
import { sha256 } from '@noble/hashes/sha2.js'
import { canonicalJson, fromBase64, parseStrictObject, readArray, readObject, readText, toBase64, toHex, utf8 } from '#core'
import { verifyConsistency } from '#tlog'
import type { EvidenceFile } from './alert.ts'
import type { SignedCheckpoint } from './signed-checkpoint.ts'

/** That the newer tree has another root over the older one's entries; for trees of different sizes. */
export interface ForkProof {
  /** Root of the newer tree over as many entries as the older one has. */
  readonly otherRoot: Uint8Array
  /** From that root to the newer one: RFC 9162 §2.1.4.2. */
  readonly proof: readonly Uint8Array[]
}

/** Both checkpoints. Where they are of one size they speak for themselves; else the proof that joins them is a third file. */
export function evidenceOf(seen: SignedCheckpoint, today: SignedCheckpoint, fork?: ForkProof): EvidenceFile[] {
  const both = [checkpointFile(seen.note), checkpointFile(today.note)]
  if (fork === undefined || seen.size === today.size) return both
  const text = `${canonicalJson({ older: seen.note, newer: today.note, otherRoot: toBase64(fork.otherRoot), proof: fork.proof.map(toBase64) })}\n`
  return [...both, { name: `${shortDigest(text)}.fork.json`, text }]
}

export function checkpointFile(note: string): EvidenceFile {
  return { name: `${shortDigest(note)}.checkpoint`, text: note }
}

/** As `evidenceOf` writes it; nothing is verified. Throws JSON_INVALID or FORMAT_INVALID. */
export function parseForkEvidence(bytes: Uint8Array): ForkProof & { readonly older: string; readonly newer: string } {
  const document = readObject(parseStrictObject(bytes, { maxBytes: MAX_BYTES, maxDepth: 3 }), 'evidence of a fork', [
    'older',
    'newer',
    'otherRoot',
    'proof',
  ])
  return {
    older: readText(document, 'older', MAX_BYTES),
    newer: readText(document, 'newer', MAX_BYTES),
    otherRoot: fromBase64(readText(document, 'otherRoot', 64)),
    proof: readArray(document, 'proof', 0, MAX_PROOF).map((hash) => fromBase64(typeof hash === 'string' ? hash : '')),
  }
}

/** Whether the newer tree really has that root over the older one's entries. */
export function joins({ otherRoot, proof }: ForkProof, older: SignedCheckpoint, newer: SignedCheckpoint): boolean {
  return verifyConsistency({ oldSize: older.size, newSize: newer.size, oldRoot: otherRoot, newRoot: newer.root, proof })
}

function shortDigest(text: string): string {
  return toHex(sha256(utf8(text))).slice(0, 16)
}

const MAX_BYTES = 2 * 1024 * 1024
const MAX_PROOF = 64
