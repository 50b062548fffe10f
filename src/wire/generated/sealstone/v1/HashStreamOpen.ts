// Original file: proto/sealstone/v1/hash_service.proto

import type { _sealstone_v1_Serialization_HashTypeInit, _sealstone_v1_Serialization_HashType } from '../../sealstone/v1/Serialization.ts'
import type { Long } from '@grpc/proto-loader'

export interface HashStreamOpenInit {
  streamId?: string
  name?: string
  size?: number | string | Long
  hashType?: _sealstone_v1_Serialization_HashTypeInit
  shardSize?: number | string | Long
  shardsOnly?: boolean
  _size?: 'size'
  _shardSize?: 'shardSize'
}

export interface HashStreamOpen {
  streamId: string
  name: string
  size?: string
  hashType: _sealstone_v1_Serialization_HashType
  shardSize?: string
  shardsOnly: boolean
  _size?: 'size'
  _shardSize?: 'shardSize'
}
