// Original file: proto/sealstone/v1/signing_service.proto

import type { SignRequestInit as _sealstone_v1_SignRequestInit, SignRequest as _sealstone_v1_SignRequest } from '../../sealstone/v1/SignRequest.ts'

export interface SignBatchRequestInit {
  requests?: _sealstone_v1_SignRequestInit[]
}

export interface SignBatchRequest {
  requests: _sealstone_v1_SignRequest[]
}
