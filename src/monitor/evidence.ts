/** What shows to anybody with the trust file what a monitor saw: the signed notes as they were read, and the proof that joins them. */
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '#core'
import type { EvidenceFile } from './alert.ts'
import type { SignedCheckpoint } from './signed-checkpoint.ts'

/**
 * Both checkpoints, and where there is one the proof from the smaller size to the newer checkpoint (add-checkpoint of c2sp.org/tlog-witness):
 * joined by RFC 9162 §2.1.4.2 its hashes give the newer root, and another root than that of the older checkpoint.
 */
export function evidenceOf(seen: SignedCheckpoint, today: SignedCheckpoint, proof?: string): EvidenceFile[] {
  return [
    checkpointFile(seen.note),
    checkpointFile(today.note),
    ...(proof === undefined || seen.size === today.size ? [] : [{ name: `${shortDigest(proof)}.proof`, text: proof }]),
  ]
}

export function checkpointFile(note: string): EvidenceFile {
  return { name: `${shortDigest(note)}.checkpoint`, text: note }
}

function shortDigest(text: string): string {
  return toHex(sha256(utf8(text))).slice(0, 16)
}
