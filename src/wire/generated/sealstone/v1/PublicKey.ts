// Original file: proto/sealstone/v1/key_service.proto

export interface PublicKeyInit {
  suite?: string
  spki?: Buffer | Uint8Array | string
  fingerprint?: string
}

export interface PublicKey {
  suite: string
  spki: Buffer
  fingerprint: string
}
