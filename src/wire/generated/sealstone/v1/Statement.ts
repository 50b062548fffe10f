// Original file: proto/sealstone/v1/signing_service.proto

import type { SubjectInit as _sealstone_v1_SubjectInit, Subject as _sealstone_v1_Subject } from '../../sealstone/v1/Subject.ts'

export interface StatementInit {
  predicateType?: string
  predicate?: Buffer | Uint8Array | string
  subjects?: _sealstone_v1_SubjectInit[]
}

export interface Statement {
  predicateType: string
  predicate: Buffer
  subjects: _sealstone_v1_Subject[]
}
