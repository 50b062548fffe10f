// Original file: proto/sealstone/v1/audit_service.proto

import type { Long } from '@grpc/proto-loader'

export interface RecordDecisionResponseInit {
  leafIndex?: number | string | Long
  _leafIndex?: 'leafIndex'
}

export interface RecordDecisionResponse {
  leafIndex?: string
  _leafIndex?: 'leafIndex'
}
