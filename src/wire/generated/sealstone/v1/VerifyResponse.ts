// Original file: proto/sealstone/v1/signing_service.proto

import type { VerdictInit as _sealstone_v1_VerdictInit, Verdict as _sealstone_v1_Verdict } from '../../sealstone/v1/Verdict.ts'

export interface VerifyResponseInit {
  verdict?: _sealstone_v1_VerdictInit | null
}

export interface VerifyResponse {
  verdict: _sealstone_v1_Verdict | null
}
