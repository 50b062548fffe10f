// Original file: proto/sealstone/v1/hash_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type {
  GetHashStreamRequestInit as _sealstone_v1_GetHashStreamRequestInit,
  GetHashStreamRequest as _sealstone_v1_GetHashStreamRequest,
} from '../../sealstone/v1/GetHashStreamRequest.ts'
import type {
  GetHashStreamResponseInit as _sealstone_v1_GetHashStreamResponseInit,
  GetHashStreamResponse as _sealstone_v1_GetHashStreamResponse,
} from '../../sealstone/v1/GetHashStreamResponse.ts'
import type {
  HashPathRequestInit as _sealstone_v1_HashPathRequestInit,
  HashPathRequest as _sealstone_v1_HashPathRequest,
} from '../../sealstone/v1/HashPathRequest.ts'
import type {
  HashPathResponseInit as _sealstone_v1_HashPathResponseInit,
  HashPathResponse as _sealstone_v1_HashPathResponse,
} from '../../sealstone/v1/HashPathResponse.ts'
import type {
  HashStreamRequestInit as _sealstone_v1_HashStreamRequestInit,
  HashStreamRequest as _sealstone_v1_HashStreamRequest,
} from '../../sealstone/v1/HashStreamRequest.ts'
import type {
  HashStreamResponseInit as _sealstone_v1_HashStreamResponseInit,
  HashStreamResponse as _sealstone_v1_HashStreamResponse,
} from '../../sealstone/v1/HashStreamResponse.ts'

export interface HashServiceClient extends grpc.Client {
  GetHashStream(
    argument: _sealstone_v1_GetHashStreamRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetHashStreamResponse>,
  ): grpc.ClientUnaryCall
  GetHashStream(
    argument: _sealstone_v1_GetHashStreamRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_GetHashStreamResponse>,
  ): grpc.ClientUnaryCall
  GetHashStream(
    argument: _sealstone_v1_GetHashStreamRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetHashStreamResponse>,
  ): grpc.ClientUnaryCall
  GetHashStream(
    argument: _sealstone_v1_GetHashStreamRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_GetHashStreamResponse>,
  ): grpc.ClientUnaryCall
  getHashStream(
    argument: _sealstone_v1_GetHashStreamRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetHashStreamResponse>,
  ): grpc.ClientUnaryCall
  getHashStream(
    argument: _sealstone_v1_GetHashStreamRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_GetHashStreamResponse>,
  ): grpc.ClientUnaryCall
  getHashStream(
    argument: _sealstone_v1_GetHashStreamRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetHashStreamResponse>,
  ): grpc.ClientUnaryCall
  getHashStream(
    argument: _sealstone_v1_GetHashStreamRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_GetHashStreamResponse>,
  ): grpc.ClientUnaryCall

  HashPath(
    argument: _sealstone_v1_HashPathRequestInit,
    metadata: grpc.Metadata,
    options?: grpc.CallOptions,
  ): grpc.ClientReadableStream<_sealstone_v1_HashPathResponse>
  HashPath(argument: _sealstone_v1_HashPathRequestInit, options?: grpc.CallOptions): grpc.ClientReadableStream<_sealstone_v1_HashPathResponse>
  hashPath(
    argument: _sealstone_v1_HashPathRequestInit,
    metadata: grpc.Metadata,
    options?: grpc.CallOptions,
  ): grpc.ClientReadableStream<_sealstone_v1_HashPathResponse>
  hashPath(argument: _sealstone_v1_HashPathRequestInit, options?: grpc.CallOptions): grpc.ClientReadableStream<_sealstone_v1_HashPathResponse>

  HashStream(
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_HashStreamResponse>,
  ): grpc.ClientWritableStream<_sealstone_v1_HashStreamRequestInit>
  HashStream(
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_HashStreamResponse>,
  ): grpc.ClientWritableStream<_sealstone_v1_HashStreamRequestInit>
  HashStream(
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_HashStreamResponse>,
  ): grpc.ClientWritableStream<_sealstone_v1_HashStreamRequestInit>
  HashStream(callback: grpc.requestCallback<_sealstone_v1_HashStreamResponse>): grpc.ClientWritableStream<_sealstone_v1_HashStreamRequestInit>
  hashStream(
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_HashStreamResponse>,
  ): grpc.ClientWritableStream<_sealstone_v1_HashStreamRequestInit>
  hashStream(
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_HashStreamResponse>,
  ): grpc.ClientWritableStream<_sealstone_v1_HashStreamRequestInit>
  hashStream(
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_HashStreamResponse>,
  ): grpc.ClientWritableStream<_sealstone_v1_HashStreamRequestInit>
  hashStream(callback: grpc.requestCallback<_sealstone_v1_HashStreamResponse>): grpc.ClientWritableStream<_sealstone_v1_HashStreamRequestInit>
}

export interface HashServiceHandlers extends grpc.UntypedServiceImplementation {
  GetHashStream: grpc.handleUnaryCall<_sealstone_v1_GetHashStreamRequest, _sealstone_v1_GetHashStreamResponseInit>

  HashPath: grpc.handleServerStreamingCall<_sealstone_v1_HashPathRequest, _sealstone_v1_HashPathResponseInit>

  HashStream: grpc.handleClientStreamingCall<_sealstone_v1_HashStreamRequest, _sealstone_v1_HashStreamResponseInit>
}

export interface HashServiceDefinition extends grpc.ServiceDefinition {
  GetHashStream: MethodDefinition<
    _sealstone_v1_GetHashStreamRequestInit,
    _sealstone_v1_GetHashStreamResponseInit,
    _sealstone_v1_GetHashStreamRequest,
    _sealstone_v1_GetHashStreamResponse
  >
  HashPath: MethodDefinition<
    _sealstone_v1_HashPathRequestInit,
    _sealstone_v1_HashPathResponseInit,
    _sealstone_v1_HashPathRequest,
    _sealstone_v1_HashPathResponse
  >
  HashStream: MethodDefinition<
    _sealstone_v1_HashStreamRequestInit,
    _sealstone_v1_HashStreamResponseInit,
    _sealstone_v1_HashStreamRequest,
    _sealstone_v1_HashStreamResponse
  >
}
