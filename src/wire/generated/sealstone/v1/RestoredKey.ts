// Original file: proto/sealstone/v1/key_service.proto

// Original file: proto/sealstone/v1/key_service.proto

export type _sealstone_v1_RestoredKey_OutcomeInit =
  | 'OUTCOME_UNSPECIFIED'
  | 0
  | 'OUTCOME_RESTORED'
  | 1
  | 'OUTCOME_PRESENT'
  | 2
  | 'OUTCOME_LOST'
  | 3
  | 'OUTCOME_FAILED'
  | 4
  | 'OUTCOME_LEFT'
  | 5

export type _sealstone_v1_RestoredKey_Outcome =
  | 'OUTCOME_UNSPECIFIED'
  | 'OUTCOME_RESTORED'
  | 'OUTCOME_PRESENT'
  | 'OUTCOME_LOST'
  | 'OUTCOME_FAILED'
  | 'OUTCOME_LEFT'

export interface RestoredKeyInit {
  name?: string
  version?: number
  outcome?: _sealstone_v1_RestoredKey_OutcomeInit
  detail?: string
}

export interface RestoredKey {
  name: string
  version: number
  outcome: _sealstone_v1_RestoredKey_Outcome
  detail: string
}
