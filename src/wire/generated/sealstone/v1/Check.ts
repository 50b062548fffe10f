// Original file: proto/sealstone/v1/verdict.proto

// Original file: proto/sealstone/v1/verdict.proto

export type _sealstone_v1_Check_StatusInit = 'STATUS_UNSPECIFIED' | 0 | 'STATUS_PASSED' | 1 | 'STATUS_FAILED' | 2 | 'STATUS_NOT_APPLICABLE' | 3

export type _sealstone_v1_Check_Status = 'STATUS_UNSPECIFIED' | 'STATUS_PASSED' | 'STATUS_FAILED' | 'STATUS_NOT_APPLICABLE'

export interface CheckInit {
  name?: string
  status?: _sealstone_v1_Check_StatusInit
  reason?: string
}

export interface Check {
  name: string
  status: _sealstone_v1_Check_Status
  reason: string
}
