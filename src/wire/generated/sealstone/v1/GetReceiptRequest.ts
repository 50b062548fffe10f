// Original file: proto/sealstone/v1/audit_service.proto

import type { Long } from '@grpc/proto-loader'

export interface GetReceiptRequestInit {
  index?: number | string | Long
}

export interface GetReceiptRequest {
  index: string
}
