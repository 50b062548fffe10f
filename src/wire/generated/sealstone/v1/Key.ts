// Original file: proto/sealstone/v1/key_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'
import type { PublicKeyInit as _sealstone_v1_PublicKeyInit, PublicKey as _sealstone_v1_PublicKey } from '../../sealstone/v1/PublicKey.ts'
import type {
  KeyProtectionInit as _sealstone_v1_KeyProtectionInit,
  KeyProtection as _sealstone_v1_KeyProtection,
} from '../../sealstone/v1/KeyProtection.ts'
import type { KeyTimesInit as _sealstone_v1_KeyTimesInit, KeyTimes as _sealstone_v1_KeyTimes } from '../../sealstone/v1/KeyTimes.ts'
import type { KeyPolicyInit as _sealstone_v1_KeyPolicyInit, KeyPolicy as _sealstone_v1_KeyPolicy } from '../../sealstone/v1/KeyPolicy.ts'

export interface KeyInit {
  name?: string
  version?: number
  state?: string
  createdAt?: _google_protobuf_TimestampInit | null
  hybrid?: _sealstone_v1_PublicKeyInit | null
  companion?: _sealstone_v1_PublicKeyInit | null
  protection?: _sealstone_v1_KeyProtectionInit | null
  times?: _sealstone_v1_KeyTimesInit | null
  notBefore?: _google_protobuf_TimestampInit | null
  notAfter?: _google_protobuf_TimestampInit | null
  origin?: string
  reason?: string
  destroyAt?: _google_protobuf_TimestampInit | null
  quarantine?: string
  policy?: _sealstone_v1_KeyPolicyInit | null
  actions?: string[]
}

export interface Key {
  name: string
  version: number
  state: string
  createdAt: _google_protobuf_Timestamp | null
  hybrid: _sealstone_v1_PublicKey | null
  companion: _sealstone_v1_PublicKey | null
  protection: _sealstone_v1_KeyProtection | null
  times: _sealstone_v1_KeyTimes | null
  notBefore: _google_protobuf_Timestamp | null
  notAfter: _google_protobuf_Timestamp | null
  origin: string
  reason: string
  destroyAt: _google_protobuf_Timestamp | null
  quarantine: string
  policy: _sealstone_v1_KeyPolicy | null
  actions: string[]
}
