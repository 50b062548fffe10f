// Original file: proto/sealstone/v1/audit_service.proto

export type DecisionInit = 'DECISION_UNSPECIFIED' | 0 | 'DECISION_ALLOWED' | 1 | 'DECISION_WARNED' | 2 | 'DECISION_BLOCKED' | 3

export type Decision = 'DECISION_UNSPECIFIED' | 'DECISION_ALLOWED' | 'DECISION_WARNED' | 'DECISION_BLOCKED'
