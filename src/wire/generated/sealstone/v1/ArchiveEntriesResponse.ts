// Original file: proto/sealstone/v1/audit_service.proto

import type {
  ArchiveReportInit as _sealstone_v1_ArchiveReportInit,
  ArchiveReport as _sealstone_v1_ArchiveReport,
} from '../../sealstone/v1/ArchiveReport.ts'
import type { Long } from '@grpc/proto-loader'

export interface ArchiveEntriesResponseInit {
  done?: number | string | Long
  total?: number | string | Long
  report?: _sealstone_v1_ArchiveReportInit | null
}

export interface ArchiveEntriesResponse {
  done: string
  total: string
  report: _sealstone_v1_ArchiveReport | null
}
