// Original file: proto/sealstone/v1/audit_service.proto

import type { DecisionInit as _sealstone_v1_DecisionInit, Decision as _sealstone_v1_Decision } from '../../sealstone/v1/Decision.ts'

export interface RecordDecisionRequestInit {
  operation?: string
  subject?: string
  digest?: Buffer | Uint8Array | string
  decision?: _sealstone_v1_DecisionInit
  reason?: string
}

export interface RecordDecisionRequest {
  operation: string
  subject: string
  digest: Buffer
  decision: _sealstone_v1_Decision
  reason: string
}
