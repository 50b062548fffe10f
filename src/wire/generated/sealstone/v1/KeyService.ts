// Original file: proto/sealstone/v1/key_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type {
  GetKeyRequestInit as _sealstone_v1_GetKeyRequestInit,
  GetKeyRequest as _sealstone_v1_GetKeyRequest,
} from '../../sealstone/v1/GetKeyRequest.ts'
import type {
  GetKeyResponseInit as _sealstone_v1_GetKeyResponseInit,
  GetKeyResponse as _sealstone_v1_GetKeyResponse,
} from '../../sealstone/v1/GetKeyResponse.ts'
import type {
  GetTrustRequestInit as _sealstone_v1_GetTrustRequestInit,
  GetTrustRequest as _sealstone_v1_GetTrustRequest,
} from '../../sealstone/v1/GetTrustRequest.ts'
import type {
  GetTrustResponseInit as _sealstone_v1_GetTrustResponseInit,
  GetTrustResponse as _sealstone_v1_GetTrustResponse,
} from '../../sealstone/v1/GetTrustResponse.ts'
import type {
  ListKeysRequestInit as _sealstone_v1_ListKeysRequestInit,
  ListKeysRequest as _sealstone_v1_ListKeysRequest,
} from '../../sealstone/v1/ListKeysRequest.ts'
import type {
  ListKeysResponseInit as _sealstone_v1_ListKeysResponseInit,
  ListKeysResponse as _sealstone_v1_ListKeysResponse,
} from '../../sealstone/v1/ListKeysResponse.ts'

export interface KeyServiceClient extends grpc.Client {
  GetKey(
    argument: _sealstone_v1_GetKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetKeyResponse>,
  ): grpc.ClientUnaryCall
  GetKey(
    argument: _sealstone_v1_GetKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_GetKeyResponse>,
  ): grpc.ClientUnaryCall
  GetKey(
    argument: _sealstone_v1_GetKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetKeyResponse>,
  ): grpc.ClientUnaryCall
  GetKey(argument: _sealstone_v1_GetKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_GetKeyResponse>): grpc.ClientUnaryCall
  getKey(
    argument: _sealstone_v1_GetKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetKeyResponse>,
  ): grpc.ClientUnaryCall
  getKey(
    argument: _sealstone_v1_GetKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_GetKeyResponse>,
  ): grpc.ClientUnaryCall
  getKey(
    argument: _sealstone_v1_GetKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetKeyResponse>,
  ): grpc.ClientUnaryCall
  getKey(argument: _sealstone_v1_GetKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_GetKeyResponse>): grpc.ClientUnaryCall

  GetTrust(
    argument: _sealstone_v1_GetTrustRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetTrustResponse>,
  ): grpc.ClientUnaryCall
  GetTrust(
    argument: _sealstone_v1_GetTrustRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_GetTrustResponse>,
  ): grpc.ClientUnaryCall
  GetTrust(
    argument: _sealstone_v1_GetTrustRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetTrustResponse>,
  ): grpc.ClientUnaryCall
  GetTrust(argument: _sealstone_v1_GetTrustRequestInit, callback: grpc.requestCallback<_sealstone_v1_GetTrustResponse>): grpc.ClientUnaryCall
  getTrust(
    argument: _sealstone_v1_GetTrustRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetTrustResponse>,
  ): grpc.ClientUnaryCall
  getTrust(
    argument: _sealstone_v1_GetTrustRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_GetTrustResponse>,
  ): grpc.ClientUnaryCall
  getTrust(
    argument: _sealstone_v1_GetTrustRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetTrustResponse>,
  ): grpc.ClientUnaryCall
  getTrust(argument: _sealstone_v1_GetTrustRequestInit, callback: grpc.requestCallback<_sealstone_v1_GetTrustResponse>): grpc.ClientUnaryCall

  ListKeys(
    argument: _sealstone_v1_ListKeysRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_ListKeysResponse>,
  ): grpc.ClientUnaryCall
  ListKeys(
    argument: _sealstone_v1_ListKeysRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_ListKeysResponse>,
  ): grpc.ClientUnaryCall
  ListKeys(
    argument: _sealstone_v1_ListKeysRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_ListKeysResponse>,
  ): grpc.ClientUnaryCall
  ListKeys(argument: _sealstone_v1_ListKeysRequestInit, callback: grpc.requestCallback<_sealstone_v1_ListKeysResponse>): grpc.ClientUnaryCall
  listKeys(
    argument: _sealstone_v1_ListKeysRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_ListKeysResponse>,
  ): grpc.ClientUnaryCall
  listKeys(
    argument: _sealstone_v1_ListKeysRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_ListKeysResponse>,
  ): grpc.ClientUnaryCall
  listKeys(
    argument: _sealstone_v1_ListKeysRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_ListKeysResponse>,
  ): grpc.ClientUnaryCall
  listKeys(argument: _sealstone_v1_ListKeysRequestInit, callback: grpc.requestCallback<_sealstone_v1_ListKeysResponse>): grpc.ClientUnaryCall
}

export interface KeyServiceHandlers extends grpc.UntypedServiceImplementation {
  GetKey: grpc.handleUnaryCall<_sealstone_v1_GetKeyRequest, _sealstone_v1_GetKeyResponseInit>

  GetTrust: grpc.handleUnaryCall<_sealstone_v1_GetTrustRequest, _sealstone_v1_GetTrustResponseInit>

  ListKeys: grpc.handleUnaryCall<_sealstone_v1_ListKeysRequest, _sealstone_v1_ListKeysResponseInit>
}

export interface KeyServiceDefinition extends grpc.ServiceDefinition {
  GetKey: MethodDefinition<
    _sealstone_v1_GetKeyRequestInit,
    _sealstone_v1_GetKeyResponseInit,
    _sealstone_v1_GetKeyRequest,
    _sealstone_v1_GetKeyResponse
  >
  GetTrust: MethodDefinition<
    _sealstone_v1_GetTrustRequestInit,
    _sealstone_v1_GetTrustResponseInit,
    _sealstone_v1_GetTrustRequest,
    _sealstone_v1_GetTrustResponse
  >
  ListKeys: MethodDefinition<
    _sealstone_v1_ListKeysRequestInit,
    _sealstone_v1_ListKeysResponseInit,
    _sealstone_v1_ListKeysRequest,
    _sealstone_v1_ListKeysResponse
  >
}
