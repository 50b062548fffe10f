// Original file: proto/sealstone/v1/key_service.proto

export interface GetTrustResponseInit {
  trustFile?: Buffer | Uint8Array | string
}

export interface GetTrustResponse {
  trustFile: Buffer
}
