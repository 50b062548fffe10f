// Original file: proto/sealstone/v1/key_service.proto

export interface GetKeyRequestInit {
  name?: string
  version?: number
}

export interface GetKeyRequest {
  name: string
  version: number
}
