// Original file: proto/sealstone/v1/hash_service.proto

import type { _sealstone_v1_Serialization_HashTypeInit, _sealstone_v1_Serialization_HashType } from '../../sealstone/v1/Serialization.ts'
import type { HashedShardInit as _sealstone_v1_HashedShardInit, HashedShard as _sealstone_v1_HashedShard } from '../../sealstone/v1/HashedShard.ts'
import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'
import type { Long } from '@grpc/proto-loader'

export interface HashStreamResponseInit {
  name?: string
  size?: number | string | Long
  hashType?: _sealstone_v1_Serialization_HashTypeInit
  digest?: Buffer | Uint8Array | string
  shards?: _sealstone_v1_HashedShardInit[]
  ticket?: Buffer | Uint8Array | string
  ticketExpires?: _google_protobuf_TimestampInit | null
}

export interface HashStreamResponse {
  name: string
  size: string
  hashType: _sealstone_v1_Serialization_HashType
  digest: Buffer
  shards: _sealstone_v1_HashedShard[]
  ticket: Buffer
  ticketExpires: _google_protobuf_Timestamp | null
}
