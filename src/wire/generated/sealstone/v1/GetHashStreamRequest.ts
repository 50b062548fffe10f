// Original file: proto/sealstone/v1/hash_service.proto

export interface GetHashStreamRequestInit {
  streamId?: string
}

export interface GetHashStreamRequest {
  streamId: string
}
