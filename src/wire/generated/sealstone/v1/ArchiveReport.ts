// Original file: proto/sealstone/v1/audit_service.proto

import type { Long } from '@grpc/proto-loader'

export interface ArchiveReportInit {
  directory?: string
  endIndex?: number | string | Long
  moved?: number | string | Long
  size?: number | string | Long
  bytesBefore?: number | string | Long
  bytesAfter?: number | string | Long
}

export interface ArchiveReport {
  directory: string
  endIndex: string
  moved: string
  size: string
  bytesBefore: string
  bytesAfter: string
}
