// Original file: proto/sealstone/v1/key_service.proto

import type { TimestampInit as _google_protobuf_TimestampInit, Timestamp as _google_protobuf_Timestamp } from '../../google/protobuf/Timestamp.ts'

export interface KeyTimesInit {
  active?: _google_protobuf_TimestampInit | null
  suspended?: _google_protobuf_TimestampInit | null
  deactivated?: _google_protobuf_TimestampInit | null
  compromised?: _google_protobuf_TimestampInit | null
  destroyed?: _google_protobuf_TimestampInit | null
}

export interface KeyTimes {
  active: _google_protobuf_Timestamp | null
  suspended: _google_protobuf_Timestamp | null
  deactivated: _google_protobuf_Timestamp | null
  compromised: _google_protobuf_Timestamp | null
  destroyed: _google_protobuf_Timestamp | null
}
