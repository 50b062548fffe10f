// Original file: proto/sealstone/v1/key_service.proto

export interface BackupKeysRequestInit {}

export interface BackupKeysRequest {}
