// Original file: proto/sealstone/v1/hash_service.proto

import type { Long } from '@grpc/proto-loader'

export interface HashPathProgressInit {
  bytesDone?: number | string | Long
  bytesTotal?: number | string | Long
  partsDone?: number | string | Long
  partsTotal?: number | string | Long
}

export interface HashPathProgress {
  bytesDone: string
  bytesTotal: string
  partsDone: string
  partsTotal: string
}
