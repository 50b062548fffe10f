// Original file: proto/sealstone/v1/key_service.proto

export interface CertifyKeyResponseInit {
  der?: Buffer | Uint8Array | string
  pem?: string
}

export interface CertifyKeyResponse {
  der: Buffer
  pem: string
}
