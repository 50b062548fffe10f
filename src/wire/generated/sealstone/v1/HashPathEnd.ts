// Original file: proto/sealstone/v1/hash_service.proto

import type {
  SerializationInit as _sealstone_v1_SerializationInit,
  Serialization as _sealstone_v1_Serialization,
} from '../../sealstone/v1/Serialization.ts'
import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'
import type { Long } from '@grpc/proto-loader'

export interface HashPathEndInit {
  modelName?: string
  serialization?: _sealstone_v1_SerializationInit | null
  totalBytes?: number | string | Long
  ticketsExpire?: _google_protobuf_TimestampInit | null
}

export interface HashPathEnd {
  modelName: string
  serialization: _sealstone_v1_Serialization | null
  totalBytes: string
  ticketsExpire: _google_protobuf_Timestamp | null
}
