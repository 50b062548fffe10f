// Original file: proto/sealstone/v1/key_service.proto

export interface ListKeysRequestInit {}

export interface ListKeysRequest {}
