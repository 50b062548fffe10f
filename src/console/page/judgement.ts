/** What the page has found out about the log and its entries, as the verifying thread tells the visible one. */

/** What is wrong with what the server showed. `unreachable`: nothing was shown, so nothing is proven either. */
export type Fault = 'trust-file' | 'keys-changed' | 'not-signed' | 'other-log' | 'rolled-back' | 'forked' | 'unreachable'

export type LogJudgement =
  | {
      readonly kind: 'checked'
      readonly origin: string
      readonly size: string
      /** Hex. */
      readonly root: string
      /** When the log keys signed it, milliseconds since 1970. */
      readonly signedAt: number
      /** The checkpoint that this browser knew before, which this one extends. */
      readonly extends?: { readonly size: string; readonly seenAt: string }
      /** Where a quorum is demanded. */
      readonly witnessed?: Witnessed
    }
  | { readonly kind: 'refused'; readonly fault: Fault; readonly message: string; readonly claimedSize: string }

/** How far the witnesses vouch that nobody is shown another history. */
export interface Witnessed {
  /** Entries that a checkpoint with a quorum covers; `0` where there is none. */
  readonly size: string
  /** Witnesses that cosigned it, or, where there is none, the one that was shown. */
  readonly by: readonly string[]
  readonly of: number
  readonly quorum: number
}

export interface EntryJudgement {
  readonly index: string
  /** `not-covered`: newer than the checkpoint. `no-quorum`: too few witnesses have cosigned what covers it. `unknown`: could not be checked, because of the log or the network. */
  readonly state: 'verified' | 'forged' | 'not-covered' | 'no-quorum' | 'unknown'
  readonly reason?: string
}

/** The log keys that this browser holds on to. */
export interface PinnedKeys {
  readonly origin: string
  /** Verifier keys (vkey) as the trust file has them. */
  readonly keys: readonly string[]
  /** Hex SHA-256 over both keys. */
  readonly fingerprint: string
  readonly pinnedAt: string
  /** `daemon`: the first answer was believed. `file`: a reviewer brought a trust file of his own. */
  readonly from: 'daemon' | 'file'
  /** What a reviewer's own file demands: the daemon cannot ask for less. */
  readonly demand?: Demand
}

/** So many of these witnesses must have cosigned. */
export interface Demand {
  readonly quorum: number
  /** Of each its vkeys. */
  readonly witnesses: readonly (readonly string[])[]
}

export interface KeyRow {
  readonly name: string
  readonly version: number
  readonly suite: string
  readonly state: string
  readonly fingerprint: string
  readonly companionSuite?: string
  readonly origin?: string
  readonly notBefore?: string
  readonly notAfter?: string
  readonly reason?: string
  readonly times: Readonly<Record<string, string>>
}

export interface TrustJudgement {
  readonly pinned: PinnedKeys
  readonly isNew: boolean
  readonly serial: number
  readonly issuedAt: string
  readonly expiresAt: string
  readonly keys: readonly KeyRow[]
  /** Absent where no cosignature is demanded. */
  readonly demand?: Demand
  /** What this browser saw demanded of this log, where the daemon's trust file now demands less, or cosignatures by others. */
  readonly before?: Demand
  readonly logKeys: readonly { readonly type: string; readonly id: string; readonly fingerprint: string }[]
}

export interface ProofStep {
  /** Where the sibling stands beside the path. */
  readonly side: 'left' | 'right'
  /** Hex. */
  readonly sibling: string
  /** The entries below the sibling: from, up to but not including. */
  readonly from: string
  readonly to: string
  /** What sibling and path make together, hex. */
  readonly parent: string
}

export interface ProofDrawing {
  readonly index: string
  readonly size: string
  readonly leafHash: string
  readonly steps: readonly ProofStep[]
  readonly root: string
  /** c2sp.org/tlog-proof with the entry in it: `sealstone audit verify` takes it. */
  readonly receipt: string
}
