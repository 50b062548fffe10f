// Original file: proto/sealstone/v1/audit_service.proto

import type { Long } from '@grpc/proto-loader'

export interface ListEntriesResponseInit {
  index?: number | string | Long
  leaf?: Buffer | Uint8Array | string
}

export interface ListEntriesResponse {
  index: string
  leaf: Buffer
}
