// Original file: proto/sealstone/v1/key_service.proto

export interface RewrapKeysRequestInit {
  destroyOld?: boolean
}

export interface RewrapKeysRequest {
  destroyOld: boolean
}
