// Original file: proto/sealstone/v1/hash_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'
import type { Long } from '@grpc/proto-loader'

export interface GetHashStreamResponseInit {
  offset?: number | string | Long
  shards?: number | string | Long
  expires?: _google_protobuf_TimestampInit | null
}

export interface GetHashStreamResponse {
  offset: string
  shards: string
  expires: _google_protobuf_Timestamp | null
}
