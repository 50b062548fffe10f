// Original file: proto/sealstone/v1/hash_service.proto

import type { Long } from '@grpc/proto-loader'

export interface HashedShardInit {
  start?: number | string | Long
  end?: number | string | Long
  digest?: Buffer | Uint8Array | string
}

export interface HashedShard {
  start: string
  end: string
  digest: Buffer
}
