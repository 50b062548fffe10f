// Original file: proto/sealstone/v1/signing_service.proto

export interface SubjectInit {
  name?: string
  sha256?: Buffer | Uint8Array | string
}

export interface Subject {
  name: string
  sha256: Buffer
}
