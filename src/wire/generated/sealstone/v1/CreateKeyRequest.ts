// Original file: proto/sealstone/v1/key_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'

export interface CreateKeyRequestInit {
  name?: string
  suite?: string
  notBefore?: _google_protobuf_TimestampInit | null
  notAfter?: _google_protobuf_TimestampInit | null
  rotationDays?: number
  deletionAllowed?: boolean
  mlDsaInToken?: boolean
  notRecoverable?: boolean
}

export interface CreateKeyRequest {
  name: string
  suite: string
  notBefore: _google_protobuf_Timestamp | null
  notAfter: _google_protobuf_Timestamp | null
  rotationDays: number
  deletionAllowed: boolean
  mlDsaInToken: boolean
  notRecoverable: boolean
}
