// Original file: proto/sealstone/v1/signing_service.proto

import type { ManifestInit as _sealstone_v1_ManifestInit, Manifest as _sealstone_v1_Manifest } from '../../sealstone/v1/Manifest.ts'
import type { StatementInit as _sealstone_v1_StatementInit, Statement as _sealstone_v1_Statement } from '../../sealstone/v1/Statement.ts'

export interface SignRequestInit {
  key?: string
  idempotencyKey?: string
  manifest?: _sealstone_v1_ManifestInit | null
  statement?: _sealstone_v1_StatementInit | null
  keyVersion?: number
  content?: 'manifest' | 'statement'
}

export interface SignRequest {
  key: string
  idempotencyKey: string
  manifest?: _sealstone_v1_Manifest | null
  statement?: _sealstone_v1_Statement | null
  keyVersion: number
  content?: 'manifest' | 'statement'
}
