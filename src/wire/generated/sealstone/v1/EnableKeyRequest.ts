// Original file: proto/sealstone/v1/key_service.proto

export interface EnableKeyRequestInit {
  name?: string
  version?: number
  reason?: string
}

export interface EnableKeyRequest {
  name: string
  version: number
  reason: string
}
