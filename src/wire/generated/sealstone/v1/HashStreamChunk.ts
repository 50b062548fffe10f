// Original file: proto/sealstone/v1/hash_service.proto

import type { Long } from '@grpc/proto-loader'

export interface HashStreamChunkInit {
  offset?: number | string | Long
  data?: Buffer | Uint8Array | string
}

export interface HashStreamChunk {
  offset: string
  data: Buffer
}
