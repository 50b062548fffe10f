// Original file: proto/sealstone/v1/signing_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type {
  SignBatchRequestInit as _sealstone_v1_SignBatchRequestInit,
  SignBatchRequest as _sealstone_v1_SignBatchRequest,
} from '../../sealstone/v1/SignBatchRequest.ts'
import type {
  SignBatchResponseInit as _sealstone_v1_SignBatchResponseInit,
  SignBatchResponse as _sealstone_v1_SignBatchResponse,
} from '../../sealstone/v1/SignBatchResponse.ts'
import type {
  SignRegistryChallengeRequestInit as _sealstone_v1_SignRegistryChallengeRequestInit,
  SignRegistryChallengeRequest as _sealstone_v1_SignRegistryChallengeRequest,
} from '../../sealstone/v1/SignRegistryChallengeRequest.ts'
import type {
  SignRegistryChallengeResponseInit as _sealstone_v1_SignRegistryChallengeResponseInit,
  SignRegistryChallengeResponse as _sealstone_v1_SignRegistryChallengeResponse,
} from '../../sealstone/v1/SignRegistryChallengeResponse.ts'
import type { SignRequestInit as _sealstone_v1_SignRequestInit, SignRequest as _sealstone_v1_SignRequest } from '../../sealstone/v1/SignRequest.ts'
import type {
  SignResponseInit as _sealstone_v1_SignResponseInit,
  SignResponse as _sealstone_v1_SignResponse,
} from '../../sealstone/v1/SignResponse.ts'
import type {
  VerifyRequestInit as _sealstone_v1_VerifyRequestInit,
  VerifyRequest as _sealstone_v1_VerifyRequest,
} from '../../sealstone/v1/VerifyRequest.ts'
import type {
  VerifyResponseInit as _sealstone_v1_VerifyResponseInit,
  VerifyResponse as _sealstone_v1_VerifyResponse,
} from '../../sealstone/v1/VerifyResponse.ts'

export interface SigningServiceClient extends grpc.Client {
  Sign(
    argument: _sealstone_v1_SignRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignResponse>,
  ): grpc.ClientUnaryCall
  Sign(
    argument: _sealstone_v1_SignRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_SignResponse>,
  ): grpc.ClientUnaryCall
  Sign(
    argument: _sealstone_v1_SignRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignResponse>,
  ): grpc.ClientUnaryCall
  Sign(argument: _sealstone_v1_SignRequestInit, callback: grpc.requestCallback<_sealstone_v1_SignResponse>): grpc.ClientUnaryCall
  sign(
    argument: _sealstone_v1_SignRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignResponse>,
  ): grpc.ClientUnaryCall
  sign(
    argument: _sealstone_v1_SignRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_SignResponse>,
  ): grpc.ClientUnaryCall
  sign(
    argument: _sealstone_v1_SignRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignResponse>,
  ): grpc.ClientUnaryCall
  sign(argument: _sealstone_v1_SignRequestInit, callback: grpc.requestCallback<_sealstone_v1_SignResponse>): grpc.ClientUnaryCall

  SignBatch(
    argument: _sealstone_v1_SignBatchRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignBatchResponse>,
  ): grpc.ClientUnaryCall
  SignBatch(
    argument: _sealstone_v1_SignBatchRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_SignBatchResponse>,
  ): grpc.ClientUnaryCall
  SignBatch(
    argument: _sealstone_v1_SignBatchRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignBatchResponse>,
  ): grpc.ClientUnaryCall
  SignBatch(argument: _sealstone_v1_SignBatchRequestInit, callback: grpc.requestCallback<_sealstone_v1_SignBatchResponse>): grpc.ClientUnaryCall
  signBatch(
    argument: _sealstone_v1_SignBatchRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignBatchResponse>,
  ): grpc.ClientUnaryCall
  signBatch(
    argument: _sealstone_v1_SignBatchRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_SignBatchResponse>,
  ): grpc.ClientUnaryCall
  signBatch(
    argument: _sealstone_v1_SignBatchRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignBatchResponse>,
  ): grpc.ClientUnaryCall
  signBatch(argument: _sealstone_v1_SignBatchRequestInit, callback: grpc.requestCallback<_sealstone_v1_SignBatchResponse>): grpc.ClientUnaryCall

  SignRegistryChallenge(
    argument: _sealstone_v1_SignRegistryChallengeRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignRegistryChallengeResponse>,
  ): grpc.ClientUnaryCall
  SignRegistryChallenge(
    argument: _sealstone_v1_SignRegistryChallengeRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_SignRegistryChallengeResponse>,
  ): grpc.ClientUnaryCall
  SignRegistryChallenge(
    argument: _sealstone_v1_SignRegistryChallengeRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignRegistryChallengeResponse>,
  ): grpc.ClientUnaryCall
  SignRegistryChallenge(
    argument: _sealstone_v1_SignRegistryChallengeRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_SignRegistryChallengeResponse>,
  ): grpc.ClientUnaryCall
  signRegistryChallenge(
    argument: _sealstone_v1_SignRegistryChallengeRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignRegistryChallengeResponse>,
  ): grpc.ClientUnaryCall
  signRegistryChallenge(
    argument: _sealstone_v1_SignRegistryChallengeRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_SignRegistryChallengeResponse>,
  ): grpc.ClientUnaryCall
  signRegistryChallenge(
    argument: _sealstone_v1_SignRegistryChallengeRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SignRegistryChallengeResponse>,
  ): grpc.ClientUnaryCall
  signRegistryChallenge(
    argument: _sealstone_v1_SignRegistryChallengeRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_SignRegistryChallengeResponse>,
  ): grpc.ClientUnaryCall

  Verify(
    argument: _sealstone_v1_VerifyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_VerifyResponse>,
  ): grpc.ClientUnaryCall
  Verify(
    argument: _sealstone_v1_VerifyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_VerifyResponse>,
  ): grpc.ClientUnaryCall
  Verify(
    argument: _sealstone_v1_VerifyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_VerifyResponse>,
  ): grpc.ClientUnaryCall
  Verify(argument: _sealstone_v1_VerifyRequestInit, callback: grpc.requestCallback<_sealstone_v1_VerifyResponse>): grpc.ClientUnaryCall
  verify(
    argument: _sealstone_v1_VerifyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_VerifyResponse>,
  ): grpc.ClientUnaryCall
  verify(
    argument: _sealstone_v1_VerifyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_VerifyResponse>,
  ): grpc.ClientUnaryCall
  verify(
    argument: _sealstone_v1_VerifyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_VerifyResponse>,
  ): grpc.ClientUnaryCall
  verify(argument: _sealstone_v1_VerifyRequestInit, callback: grpc.requestCallback<_sealstone_v1_VerifyResponse>): grpc.ClientUnaryCall
}

export interface SigningServiceHandlers extends grpc.UntypedServiceImplementation {
  Sign: grpc.handleUnaryCall<_sealstone_v1_SignRequest, _sealstone_v1_SignResponseInit>

  SignBatch: grpc.handleUnaryCall<_sealstone_v1_SignBatchRequest, _sealstone_v1_SignBatchResponseInit>

  SignRegistryChallenge: grpc.handleUnaryCall<_sealstone_v1_SignRegistryChallengeRequest, _sealstone_v1_SignRegistryChallengeResponseInit>

  Verify: grpc.handleUnaryCall<_sealstone_v1_VerifyRequest, _sealstone_v1_VerifyResponseInit>
}

export interface SigningServiceDefinition extends grpc.ServiceDefinition {
  Sign: MethodDefinition<_sealstone_v1_SignRequestInit, _sealstone_v1_SignResponseInit, _sealstone_v1_SignRequest, _sealstone_v1_SignResponse>
  SignBatch: MethodDefinition<
    _sealstone_v1_SignBatchRequestInit,
    _sealstone_v1_SignBatchResponseInit,
    _sealstone_v1_SignBatchRequest,
    _sealstone_v1_SignBatchResponse
  >
  SignRegistryChallenge: MethodDefinition<
    _sealstone_v1_SignRegistryChallengeRequestInit,
    _sealstone_v1_SignRegistryChallengeResponseInit,
    _sealstone_v1_SignRegistryChallengeRequest,
    _sealstone_v1_SignRegistryChallengeResponse
  >
  Verify: MethodDefinition<
    _sealstone_v1_VerifyRequestInit,
    _sealstone_v1_VerifyResponseInit,
    _sealstone_v1_VerifyRequest,
    _sealstone_v1_VerifyResponse
  >
}
