// Original file: proto/sealstone/v1/audit_service.proto

export interface OpenConsoleResponseInit {
  url?: string
  minutes?: number
}

export interface OpenConsoleResponse {
  url: string
  minutes: number
}
