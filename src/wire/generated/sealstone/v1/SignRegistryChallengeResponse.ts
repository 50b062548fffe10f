// Original file: proto/sealstone/v1/signing_service.proto

import type { Long } from '@grpc/proto-loader'

export interface SignRegistryChallengeResponseInit {
  operationId?: string
  timestamp?: string
  signature?: Buffer | Uint8Array | string
  algorithm?: string
  leafIndex?: number | string | Long
}

export interface SignRegistryChallengeResponse {
  operationId: string
  timestamp: string
  signature: Buffer
  algorithm: string
  leafIndex: string
}
