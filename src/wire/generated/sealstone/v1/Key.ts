// Original file: proto/sealstone/v1/key_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'
import type { PublicKeyInit as _sealstone_v1_PublicKeyInit, PublicKey as _sealstone_v1_PublicKey } from '../../sealstone/v1/PublicKey.ts'
import type {
  KeyProtectionInit as _sealstone_v1_KeyProtectionInit,
  KeyProtection as _sealstone_v1_KeyProtection,
} from '../../sealstone/v1/KeyProtection.ts'

export interface KeyInit {
  name?: string
  version?: number
  state?: string
  createdAt?: _google_protobuf_TimestampInit | null
  hybrid?: _sealstone_v1_PublicKeyInit | null
  companion?: _sealstone_v1_PublicKeyInit | null
  protection?: _sealstone_v1_KeyProtectionInit | null
}

export interface Key {
  name: string
  version: number
  state: string
  createdAt: _google_protobuf_Timestamp | null
  hybrid: _sealstone_v1_PublicKey | null
  companion: _sealstone_v1_PublicKey | null
  protection: _sealstone_v1_KeyProtection | null
}
