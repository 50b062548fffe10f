// Original file: proto/sealstone/v1/signing_service.proto

import type { ReceiptInit as _sealstone_v1_ReceiptInit, Receipt as _sealstone_v1_Receipt } from '../../sealstone/v1/Receipt.ts'
import type { Long } from '@grpc/proto-loader'

export interface SignResponseInit {
  operationId?: string
  modelSig?: Buffer | Uint8Array | string
  modelHybridSig?: Buffer | Uint8Array | string
  receipt?: _sealstone_v1_ReceiptInit | null
  leafIndex?: number | string | Long
  replayed?: boolean
}

export interface SignResponse {
  operationId: string
  modelSig: Buffer
  modelHybridSig: Buffer
  receipt: _sealstone_v1_Receipt | null
  leafIndex: string
  replayed: boolean
}
