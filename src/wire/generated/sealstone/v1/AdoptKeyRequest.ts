// Original file: proto/sealstone/v1/key_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'

export interface AdoptKeyRequestInit {
  name?: string
  uri?: string
  notBefore?: _google_protobuf_TimestampInit | null
  notAfter?: _google_protobuf_TimestampInit | null
}

export interface AdoptKeyRequest {
  name: string
  uri: string
  notBefore: _google_protobuf_Timestamp | null
  notAfter: _google_protobuf_Timestamp | null
}
