// Original file: proto/sealstone/v1/key_service.proto

export interface TokenValidationInit {
  type?: string
  authority?: string
  level?: number
  version?: string
  certificate?: string
  _level?: 'level'
}

export interface TokenValidation {
  type: string
  authority: string
  level?: number
  version: string
  certificate: string
  _level?: 'level'
}
