// Original file: proto/sealstone/v1/verdict.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'

export interface SignerInit {
  keyName?: string
  keyVersion?: number
  suite?: string
  fingerprint?: string
  certificateSubject?: string
  signedAt?: _google_protobuf_TimestampInit | null
}

export interface Signer {
  keyName: string
  keyVersion: number
  suite: string
  fingerprint: string
  certificateSubject: string
  signedAt: _google_protobuf_Timestamp | null
}
