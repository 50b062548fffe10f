// Original file: proto/sealstone/v1/key_service.proto

import type { Long } from '@grpc/proto-loader'

export interface BackupKeysResponseInit {
  folder?: string
  treeSize?: number | string | Long
  recoverable?: string[]
  notRecoverable?: string[]
}

export interface BackupKeysResponse {
  folder: string
  treeSize: string
  recoverable: string[]
  notRecoverable: string[]
}
