// Original file: proto/sealstone/v1/key_service.proto

export interface RetireKeyRequestInit {
  name?: string
  version?: number
  reason?: string
}

export interface RetireKeyRequest {
  name: string
  version: number
  reason: string
}
