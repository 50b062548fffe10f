// Original file: proto/sealstone/v1/key_service.proto

export interface SetKeyPolicyRequestInit {
  name?: string
  minSignVersion?: number
  minVerifyVersion?: number
  rotationDays?: number
  deletionAllowed?: boolean
  _minSignVersion?: 'minSignVersion'
  _minVerifyVersion?: 'minVerifyVersion'
  _rotationDays?: 'rotationDays'
  _deletionAllowed?: 'deletionAllowed'
}

export interface SetKeyPolicyRequest {
  name: string
  minSignVersion?: number
  minVerifyVersion?: number
  rotationDays?: number
  deletionAllowed?: boolean
  _minSignVersion?: 'minSignVersion'
  _minVerifyVersion?: 'minVerifyVersion'
  _rotationDays?: 'rotationDays'
  _deletionAllowed?: 'deletionAllowed'
}
