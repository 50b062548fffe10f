// Original file: proto/sealstone/v1/audit_service.proto

import type { Long } from '@grpc/proto-loader'

export interface ListedEntryInit {
  index?: number | string | Long
  leaf?: Buffer | Uint8Array | string
}

export interface ListedEntry {
  index: string
  leaf: Buffer
}
