// Original file: proto/sealstone/v1/signing_service.proto

import type { SignResultInit as _sealstone_v1_SignResultInit, SignResult as _sealstone_v1_SignResult } from '../../sealstone/v1/SignResult.ts'

export interface SignBatchResponseInit {
  results?: _sealstone_v1_SignResultInit[]
}

export interface SignBatchResponse {
  results: _sealstone_v1_SignResult[]
}
