// Original file: proto/sealstone/v1/audit_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'
import type { Long } from '@grpc/proto-loader'

export interface ArchiveEntriesRequestInit {
  beforeIndex?: number | string | Long
  writtenBefore?: _google_protobuf_TimestampInit | null
  _beforeIndex?: 'beforeIndex'
}

export interface ArchiveEntriesRequest {
  beforeIndex?: string
  writtenBefore: _google_protobuf_Timestamp | null
  _beforeIndex?: 'beforeIndex'
}
