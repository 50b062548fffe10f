// Original file: proto/google/rpc/status.proto

import type { AnyInit as _google_protobuf_AnyInit, Any as _google_protobuf_Any } from '../../google/protobuf/Any.ts'

export interface StatusInit {
  code?: number
  message?: string
  details?: _google_protobuf_AnyInit[]
}

export interface Status {
  code: number
  message: string
  details: _google_protobuf_Any[]
}
