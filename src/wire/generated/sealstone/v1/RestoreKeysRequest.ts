// Original file: proto/sealstone/v1/key_service.proto

export interface RestoreKeysRequestInit {
  name?: string
  version?: number
  all?: boolean
  identityFile?: string
}

export interface RestoreKeysRequest {
  name: string
  version: number
  all: boolean
  identityFile: string
}
