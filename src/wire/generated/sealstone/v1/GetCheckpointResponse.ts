// Original file: proto/sealstone/v1/audit_service.proto

import type { Long } from '@grpc/proto-loader'

export interface GetCheckpointResponseInit {
  note?: string
  size?: number | string | Long
}

export interface GetCheckpointResponse {
  note: string
  size: string
}
