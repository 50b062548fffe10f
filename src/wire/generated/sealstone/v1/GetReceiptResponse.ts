// Original file: proto/sealstone/v1/audit_service.proto

import type { ReceiptInit as _sealstone_v1_ReceiptInit, Receipt as _sealstone_v1_Receipt } from '../../sealstone/v1/Receipt.ts'

export interface GetReceiptResponseInit {
  receipt?: _sealstone_v1_ReceiptInit | null
}

export interface GetReceiptResponse {
  receipt: _sealstone_v1_Receipt | null
}
