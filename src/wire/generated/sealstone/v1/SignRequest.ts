// Original file: proto/sealstone/v1/signing_service.proto

import type { ManifestInit as _sealstone_v1_ManifestInit, Manifest as _sealstone_v1_Manifest } from '../../sealstone/v1/Manifest.ts'
import type { StatementInit as _sealstone_v1_StatementInit, Statement as _sealstone_v1_Statement } from '../../sealstone/v1/Statement.ts'
import type { HashTicketInit as _sealstone_v1_HashTicketInit, HashTicket as _sealstone_v1_HashTicket } from '../../sealstone/v1/HashTicket.ts'
import type {
  CachedDigestsInit as _sealstone_v1_CachedDigestsInit,
  CachedDigests as _sealstone_v1_CachedDigests,
} from '../../sealstone/v1/CachedDigests.ts'

export interface SignRequestInit {
  key?: string
  idempotencyKey?: string
  manifest?: _sealstone_v1_ManifestInit | null
  statement?: _sealstone_v1_StatementInit | null
  keyVersion?: number
  hashTickets?: _sealstone_v1_HashTicketInit[]
  cachedDigests?: _sealstone_v1_CachedDigestsInit | null
  content?: 'manifest' | 'statement'
}

export interface SignRequest {
  key: string
  idempotencyKey: string
  manifest?: _sealstone_v1_Manifest | null
  statement?: _sealstone_v1_Statement | null
  keyVersion: number
  hashTickets: _sealstone_v1_HashTicket[]
  cachedDigests: _sealstone_v1_CachedDigests | null
  content?: 'manifest' | 'statement'
}
