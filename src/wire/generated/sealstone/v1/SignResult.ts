// Original file: proto/sealstone/v1/signing_service.proto

import type {
  SignResponseInit as _sealstone_v1_SignResponseInit,
  SignResponse as _sealstone_v1_SignResponse,
} from '../../sealstone/v1/SignResponse.ts'
import type { FailureInit as _sealstone_v1_FailureInit, Failure as _sealstone_v1_Failure } from '../../sealstone/v1/Failure.ts'

export interface SignResultInit {
  response?: _sealstone_v1_SignResponseInit | null
  failure?: _sealstone_v1_FailureInit | null
  result?: 'response' | 'failure'
}

export interface SignResult {
  response?: _sealstone_v1_SignResponse | null
  failure?: _sealstone_v1_Failure | null
  result?: 'response' | 'failure'
}
