// Original file: proto/sealstone/v1/key_service.proto

export interface GetTrustRequestInit {}

export interface GetTrustRequest {}
