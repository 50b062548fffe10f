// Original file: proto/sealstone/v1/manifest.proto

import type { Long } from '@grpc/proto-loader'

export interface ResourceInit {
  name?: string
  digest?: Buffer | Uint8Array | string
  size?: number | string | Long
}

export interface Resource {
  name: string
  digest: Buffer
  size: string
}
