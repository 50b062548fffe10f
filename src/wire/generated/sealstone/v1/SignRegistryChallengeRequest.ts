// Original file: proto/sealstone/v1/signing_service.proto

export interface SignRegistryChallengeRequestInit {
  key?: string
  keyVersion?: number
  domain?: string
}

export interface SignRegistryChallengeRequest {
  key: string
  keyVersion: number
  domain: string
}
