// Original file: proto/sealstone/v1/audit_service.proto

import type { ListedEntryInit as _sealstone_v1_ListedEntryInit, ListedEntry as _sealstone_v1_ListedEntry } from '../../sealstone/v1/ListedEntry.ts'
import type { Long } from '@grpc/proto-loader'

export interface ListEntriesResponseInit {
  index?: number | string | Long
  leaf?: Buffer | Uint8Array | string
  more?: _sealstone_v1_ListedEntryInit[]
}

export interface ListEntriesResponse {
  index: string
  leaf: Buffer
  more: _sealstone_v1_ListedEntry[]
}
