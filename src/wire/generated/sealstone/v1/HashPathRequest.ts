// Original file: proto/sealstone/v1/hash_service.proto

import type { _sealstone_v1_Serialization_HashTypeInit, _sealstone_v1_Serialization_HashType } from '../../sealstone/v1/Serialization.ts'
import type { Long } from '@grpc/proto-loader'

export interface HashPathRequestInit {
  path?: string
  hashType?: _sealstone_v1_Serialization_HashTypeInit
  shardSize?: number | string | Long
  ignorePaths?: string[]
  _shardSize?: 'shardSize'
}

export interface HashPathRequest {
  path: string
  hashType: _sealstone_v1_Serialization_HashType
  shardSize?: string
  ignorePaths: string[]
  _shardSize?: 'shardSize'
}
