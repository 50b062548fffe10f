// Original file: proto/sealstone/v1/verdict.proto

import type { CheckInit as _sealstone_v1_CheckInit, Check as _sealstone_v1_Check } from '../../sealstone/v1/Check.ts'
import type { SignerInit as _sealstone_v1_SignerInit, Signer as _sealstone_v1_Signer } from '../../sealstone/v1/Signer.ts'
import type {
  StatementSummaryInit as _sealstone_v1_StatementSummaryInit,
  StatementSummary as _sealstone_v1_StatementSummary,
} from '../../sealstone/v1/StatementSummary.ts'
import type {
  FileDifferenceInit as _sealstone_v1_FileDifferenceInit,
  FileDifference as _sealstone_v1_FileDifference,
} from '../../sealstone/v1/FileDifference.ts'

export interface VerdictInit {
  ok?: boolean
  checks?: _sealstone_v1_CheckInit[]
  signer?: _sealstone_v1_SignerInit | null
  statement?: _sealstone_v1_StatementSummaryInit | null
  differences?: _sealstone_v1_FileDifferenceInit[]
  warnings?: string[]
}

export interface Verdict {
  ok: boolean
  checks: _sealstone_v1_Check[]
  signer: _sealstone_v1_Signer | null
  statement: _sealstone_v1_StatementSummary | null
  differences: _sealstone_v1_FileDifference[]
  warnings: string[]
}
