// Original file: proto/sealstone/v1/key_service.proto

export interface CancelDestroyKeyRequestInit {
  name?: string
  version?: number
}

export interface CancelDestroyKeyRequest {
  name: string
  version: number
}
