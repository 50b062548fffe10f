// Original file: proto/sealstone/v1/key_service.proto

export interface RewrapKeysResponseInit {
  wrappingKey?: string
  wrappingKeyNumber?: number
  seeds?: number
  destroyed?: string[]
}

export interface RewrapKeysResponse {
  wrappingKey: string
  wrappingKeyNumber: number
  seeds: number
  destroyed: string[]
}
