// Original file: proto/sealstone/v1/audit_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'
import type { EntryKindInit as _sealstone_v1_EntryKindInit, EntryKind as _sealstone_v1_EntryKind } from '../../sealstone/v1/EntryKind.ts'
import type { Long } from '@grpc/proto-loader'

export interface ListEntriesRequestInit {
  fromIndex?: number | string | Long
  limit?: number
  since?: _google_protobuf_TimestampInit | null
  until?: _google_protobuf_TimestampInit | null
  key?: string
  caller?: string
  kind?: _sealstone_v1_EntryKindInit
  operationId?: string
  modelName?: string
  result?: string
  newestFirst?: boolean
  modelPattern?: string
  follow?: boolean
  forExport?: boolean
  modelDigest?: Buffer | Uint8Array | string
  entriesPerMessage?: number
  _fromIndex?: 'fromIndex'
}

export interface ListEntriesRequest {
  fromIndex?: string
  limit: number
  since: _google_protobuf_Timestamp | null
  until: _google_protobuf_Timestamp | null
  key: string
  caller: string
  kind: _sealstone_v1_EntryKind
  operationId: string
  modelName: string
  result: string
  newestFirst: boolean
  modelPattern: string
  follow: boolean
  forExport: boolean
  modelDigest: Buffer
  entriesPerMessage: number
  _fromIndex?: 'fromIndex'
}
