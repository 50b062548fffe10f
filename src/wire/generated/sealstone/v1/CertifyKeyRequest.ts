// Original file: proto/sealstone/v1/key_service.proto

// Original file: proto/sealstone/v1/key_service.proto

export type _sealstone_v1_CertifyKeyRequest_DocumentInit = 'DOCUMENT_UNSPECIFIED' | 0 | 'DOCUMENT_REQUEST' | 1 | 'DOCUMENT_SELF_SIGNED' | 2

export type _sealstone_v1_CertifyKeyRequest_Document = 'DOCUMENT_UNSPECIFIED' | 'DOCUMENT_REQUEST' | 'DOCUMENT_SELF_SIGNED'

export interface CertifyKeyRequestInit {
  name?: string
  version?: number
  document?: _sealstone_v1_CertifyKeyRequest_DocumentInit
  subject?: string
  companion?: boolean
  days?: number
}

export interface CertifyKeyRequest {
  name: string
  version: number
  document: _sealstone_v1_CertifyKeyRequest_Document
  subject: string
  companion: boolean
  days: number
}
