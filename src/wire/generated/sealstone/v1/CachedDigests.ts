// Original file: proto/sealstone/v1/signing_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'

export interface CachedDigestsInit {
  count?: number
  oldest?: _google_protobuf_TimestampInit | null
}

export interface CachedDigests {
  count: number
  oldest: _google_protobuf_Timestamp | null
}
