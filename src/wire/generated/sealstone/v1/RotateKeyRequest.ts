// Original file: proto/sealstone/v1/key_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'

export interface RotateKeyRequestInit {
  name?: string
  suite?: string
  notBefore?: _google_protobuf_TimestampInit | null
  notAfter?: _google_protobuf_TimestampInit | null
  fromVersion?: number
  keepPrevious?: boolean
  recoverable?: boolean
}

export interface RotateKeyRequest {
  name: string
  suite: string
  notBefore: _google_protobuf_Timestamp | null
  notAfter: _google_protobuf_Timestamp | null
  fromVersion: number
  keepPrevious: boolean
  recoverable: boolean
}
