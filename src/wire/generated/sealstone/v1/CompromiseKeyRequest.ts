// Original file: proto/sealstone/v1/key_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'

export interface CompromiseKeyRequestInit {
  name?: string
  version?: number
  reason?: string
  since?: _google_protobuf_TimestampInit | null
}

export interface CompromiseKeyRequest {
  name: string
  version: number
  reason: string
  since: _google_protobuf_Timestamp | null
}
