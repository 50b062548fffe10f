// Original file: proto/sealstone/v1/manifest.proto

import type { Long } from '@grpc/proto-loader'

// Original file: proto/sealstone/v1/manifest.proto

export type _sealstone_v1_Serialization_HashTypeInit =
  | 'HASH_TYPE_UNSPECIFIED'
  | 0
  | 'HASH_TYPE_SHA256'
  | 1
  | 'HASH_TYPE_BLAKE2B'
  | 2
  | 'HASH_TYPE_BLAKE3'
  | 3

export type _sealstone_v1_Serialization_HashType = 'HASH_TYPE_UNSPECIFIED' | 'HASH_TYPE_SHA256' | 'HASH_TYPE_BLAKE2B' | 'HASH_TYPE_BLAKE3'

// Original file: proto/sealstone/v1/manifest.proto

export type _sealstone_v1_Serialization_MethodInit = 'METHOD_UNSPECIFIED' | 0 | 'METHOD_FILES' | 1 | 'METHOD_SHARDS' | 2

export type _sealstone_v1_Serialization_Method = 'METHOD_UNSPECIFIED' | 'METHOD_FILES' | 'METHOD_SHARDS'

export interface SerializationInit {
  method?: _sealstone_v1_Serialization_MethodInit
  hashType?: _sealstone_v1_Serialization_HashTypeInit
  shardSize?: number | string | Long
  allowSymlinks?: boolean
  ignorePaths?: string[]
  _shardSize?: 'shardSize'
}

export interface Serialization {
  method: _sealstone_v1_Serialization_Method
  hashType: _sealstone_v1_Serialization_HashType
  shardSize?: string
  allowSymlinks: boolean
  ignorePaths: string[]
  _shardSize?: 'shardSize'
}
