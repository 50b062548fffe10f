// Original file: proto/sealstone/v1/hash_service.proto

import type { Long } from '@grpc/proto-loader'

export interface HashStreamCloseInit {
  size?: number | string | Long
}

export interface HashStreamClose {
  size: string
}
