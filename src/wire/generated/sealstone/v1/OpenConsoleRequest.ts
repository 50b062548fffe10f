// Original file: proto/sealstone/v1/audit_service.proto

export interface OpenConsoleRequestInit {}

export interface OpenConsoleRequest {}
