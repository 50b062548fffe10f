// Original file: proto/sealstone/v1/key_service.proto

export interface KeyPolicyInit {
  minSignVersion?: number
  minVerifyVersion?: number
  rotationDays?: number
  deletionAllowed?: boolean
}

export interface KeyPolicy {
  minSignVersion: number
  minVerifyVersion: number
  rotationDays: number
  deletionAllowed: boolean
}
