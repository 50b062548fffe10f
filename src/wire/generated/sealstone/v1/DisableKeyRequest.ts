// Original file: proto/sealstone/v1/key_service.proto

export interface DisableKeyRequestInit {
  name?: string
  version?: number
  reason?: string
}

export interface DisableKeyRequest {
  name: string
  version: number
  reason: string
}
