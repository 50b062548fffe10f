// Original file: proto/sealstone/v1/key_service.proto

export interface DestroyKeyRequestInit {
  name?: string
  version?: number
  reason?: string
  confirmName?: string
}

export interface DestroyKeyRequest {
  name: string
  version: number
  reason: string
  confirmName: string
}
