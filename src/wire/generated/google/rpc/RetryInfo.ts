// Original file: proto/google/rpc/error_details.proto

import type { DurationInit as _google_protobuf_DurationInit, Duration as _google_protobuf_Duration } from '../../google/protobuf/Duration.ts'

export interface RetryInfoInit {
  retryDelay?: _google_protobuf_DurationInit | null
}

export interface RetryInfo {
  retryDelay: _google_protobuf_Duration | null
}
