// Original file: proto/sealstone/v1/signing_service.proto

export interface FailureInit {
  code?: string
  message?: string
  hint?: string
  retryable?: boolean
}

export interface Failure {
  code: string
  message: string
  hint: string
  retryable: boolean
}
