// Original file: proto/sealstone/v1/key_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type {
  AdoptKeyRequestInit as _sealstone_v1_AdoptKeyRequestInit,
  AdoptKeyRequest as _sealstone_v1_AdoptKeyRequest,
} from '../../sealstone/v1/AdoptKeyRequest.ts'
import type {
  AdoptKeyResponseInit as _sealstone_v1_AdoptKeyResponseInit,
  AdoptKeyResponse as _sealstone_v1_AdoptKeyResponse,
} from '../../sealstone/v1/AdoptKeyResponse.ts'
import type {
  BackupKeysRequestInit as _sealstone_v1_BackupKeysRequestInit,
  BackupKeysRequest as _sealstone_v1_BackupKeysRequest,
} from '../../sealstone/v1/BackupKeysRequest.ts'
import type {
  BackupKeysResponseInit as _sealstone_v1_BackupKeysResponseInit,
  BackupKeysResponse as _sealstone_v1_BackupKeysResponse,
} from '../../sealstone/v1/BackupKeysResponse.ts'
import type {
  CancelDestroyKeyRequestInit as _sealstone_v1_CancelDestroyKeyRequestInit,
  CancelDestroyKeyRequest as _sealstone_v1_CancelDestroyKeyRequest,
} from '../../sealstone/v1/CancelDestroyKeyRequest.ts'
import type {
  CancelDestroyKeyResponseInit as _sealstone_v1_CancelDestroyKeyResponseInit,
  CancelDestroyKeyResponse as _sealstone_v1_CancelDestroyKeyResponse,
} from '../../sealstone/v1/CancelDestroyKeyResponse.ts'
import type {
  CertifyKeyRequestInit as _sealstone_v1_CertifyKeyRequestInit,
  CertifyKeyRequest as _sealstone_v1_CertifyKeyRequest,
} from '../../sealstone/v1/CertifyKeyRequest.ts'
import type {
  CertifyKeyResponseInit as _sealstone_v1_CertifyKeyResponseInit,
  CertifyKeyResponse as _sealstone_v1_CertifyKeyResponse,
} from '../../sealstone/v1/CertifyKeyResponse.ts'
import type {
  CompromiseKeyRequestInit as _sealstone_v1_CompromiseKeyRequestInit,
  CompromiseKeyRequest as _sealstone_v1_CompromiseKeyRequest,
} from '../../sealstone/v1/CompromiseKeyRequest.ts'
import type {
  CompromiseKeyResponseInit as _sealstone_v1_CompromiseKeyResponseInit,
  CompromiseKeyResponse as _sealstone_v1_CompromiseKeyResponse,
} from '../../sealstone/v1/CompromiseKeyResponse.ts'
import type {
  CreateKeyRequestInit as _sealstone_v1_CreateKeyRequestInit,
  CreateKeyRequest as _sealstone_v1_CreateKeyRequest,
} from '../../sealstone/v1/CreateKeyRequest.ts'
import type {
  CreateKeyResponseInit as _sealstone_v1_CreateKeyResponseInit,
  CreateKeyResponse as _sealstone_v1_CreateKeyResponse,
} from '../../sealstone/v1/CreateKeyResponse.ts'
import type {
  DestroyKeyRequestInit as _sealstone_v1_DestroyKeyRequestInit,
  DestroyKeyRequest as _sealstone_v1_DestroyKeyRequest,
} from '../../sealstone/v1/DestroyKeyRequest.ts'
import type {
  DestroyKeyResponseInit as _sealstone_v1_DestroyKeyResponseInit,
  DestroyKeyResponse as _sealstone_v1_DestroyKeyResponse,
} from '../../sealstone/v1/DestroyKeyResponse.ts'
import type {
  DisableKeyRequestInit as _sealstone_v1_DisableKeyRequestInit,
  DisableKeyRequest as _sealstone_v1_DisableKeyRequest,
} from '../../sealstone/v1/DisableKeyRequest.ts'
import type {
  DisableKeyResponseInit as _sealstone_v1_DisableKeyResponseInit,
  DisableKeyResponse as _sealstone_v1_DisableKeyResponse,
} from '../../sealstone/v1/DisableKeyResponse.ts'
import type {
  EnableKeyRequestInit as _sealstone_v1_EnableKeyRequestInit,
  EnableKeyRequest as _sealstone_v1_EnableKeyRequest,
} from '../../sealstone/v1/EnableKeyRequest.ts'
import type {
  EnableKeyResponseInit as _sealstone_v1_EnableKeyResponseInit,
  EnableKeyResponse as _sealstone_v1_EnableKeyResponse,
} from '../../sealstone/v1/EnableKeyResponse.ts'
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
  ImportKeyRequestInit as _sealstone_v1_ImportKeyRequestInit,
  ImportKeyRequest as _sealstone_v1_ImportKeyRequest,
} from '../../sealstone/v1/ImportKeyRequest.ts'
import type {
  ImportKeyResponseInit as _sealstone_v1_ImportKeyResponseInit,
  ImportKeyResponse as _sealstone_v1_ImportKeyResponse,
} from '../../sealstone/v1/ImportKeyResponse.ts'
import type {
  ListKeysRequestInit as _sealstone_v1_ListKeysRequestInit,
  ListKeysRequest as _sealstone_v1_ListKeysRequest,
} from '../../sealstone/v1/ListKeysRequest.ts'
import type {
  ListKeysResponseInit as _sealstone_v1_ListKeysResponseInit,
  ListKeysResponse as _sealstone_v1_ListKeysResponse,
} from '../../sealstone/v1/ListKeysResponse.ts'
import type {
  RestoreKeysRequestInit as _sealstone_v1_RestoreKeysRequestInit,
  RestoreKeysRequest as _sealstone_v1_RestoreKeysRequest,
} from '../../sealstone/v1/RestoreKeysRequest.ts'
import type {
  RestoreKeysResponseInit as _sealstone_v1_RestoreKeysResponseInit,
  RestoreKeysResponse as _sealstone_v1_RestoreKeysResponse,
} from '../../sealstone/v1/RestoreKeysResponse.ts'
import type {
  RetireKeyRequestInit as _sealstone_v1_RetireKeyRequestInit,
  RetireKeyRequest as _sealstone_v1_RetireKeyRequest,
} from '../../sealstone/v1/RetireKeyRequest.ts'
import type {
  RetireKeyResponseInit as _sealstone_v1_RetireKeyResponseInit,
  RetireKeyResponse as _sealstone_v1_RetireKeyResponse,
} from '../../sealstone/v1/RetireKeyResponse.ts'
import type {
  RewrapKeysRequestInit as _sealstone_v1_RewrapKeysRequestInit,
  RewrapKeysRequest as _sealstone_v1_RewrapKeysRequest,
} from '../../sealstone/v1/RewrapKeysRequest.ts'
import type {
  RewrapKeysResponseInit as _sealstone_v1_RewrapKeysResponseInit,
  RewrapKeysResponse as _sealstone_v1_RewrapKeysResponse,
} from '../../sealstone/v1/RewrapKeysResponse.ts'
import type {
  RotateKeyRequestInit as _sealstone_v1_RotateKeyRequestInit,
  RotateKeyRequest as _sealstone_v1_RotateKeyRequest,
} from '../../sealstone/v1/RotateKeyRequest.ts'
import type {
  RotateKeyResponseInit as _sealstone_v1_RotateKeyResponseInit,
  RotateKeyResponse as _sealstone_v1_RotateKeyResponse,
} from '../../sealstone/v1/RotateKeyResponse.ts'
import type {
  SetKeyPolicyRequestInit as _sealstone_v1_SetKeyPolicyRequestInit,
  SetKeyPolicyRequest as _sealstone_v1_SetKeyPolicyRequest,
} from '../../sealstone/v1/SetKeyPolicyRequest.ts'
import type {
  SetKeyPolicyResponseInit as _sealstone_v1_SetKeyPolicyResponseInit,
  SetKeyPolicyResponse as _sealstone_v1_SetKeyPolicyResponse,
} from '../../sealstone/v1/SetKeyPolicyResponse.ts'

export interface KeyServiceClient extends grpc.Client {
  AdoptKey(
    argument: _sealstone_v1_AdoptKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_AdoptKeyResponse>,
  ): grpc.ClientUnaryCall
  AdoptKey(
    argument: _sealstone_v1_AdoptKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_AdoptKeyResponse>,
  ): grpc.ClientUnaryCall
  AdoptKey(
    argument: _sealstone_v1_AdoptKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_AdoptKeyResponse>,
  ): grpc.ClientUnaryCall
  AdoptKey(argument: _sealstone_v1_AdoptKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_AdoptKeyResponse>): grpc.ClientUnaryCall
  adoptKey(
    argument: _sealstone_v1_AdoptKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_AdoptKeyResponse>,
  ): grpc.ClientUnaryCall
  adoptKey(
    argument: _sealstone_v1_AdoptKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_AdoptKeyResponse>,
  ): grpc.ClientUnaryCall
  adoptKey(
    argument: _sealstone_v1_AdoptKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_AdoptKeyResponse>,
  ): grpc.ClientUnaryCall
  adoptKey(argument: _sealstone_v1_AdoptKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_AdoptKeyResponse>): grpc.ClientUnaryCall

  BackupKeys(
    argument: _sealstone_v1_BackupKeysRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_BackupKeysResponse>,
  ): grpc.ClientUnaryCall
  BackupKeys(
    argument: _sealstone_v1_BackupKeysRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_BackupKeysResponse>,
  ): grpc.ClientUnaryCall
  BackupKeys(
    argument: _sealstone_v1_BackupKeysRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_BackupKeysResponse>,
  ): grpc.ClientUnaryCall
  BackupKeys(argument: _sealstone_v1_BackupKeysRequestInit, callback: grpc.requestCallback<_sealstone_v1_BackupKeysResponse>): grpc.ClientUnaryCall
  backupKeys(
    argument: _sealstone_v1_BackupKeysRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_BackupKeysResponse>,
  ): grpc.ClientUnaryCall
  backupKeys(
    argument: _sealstone_v1_BackupKeysRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_BackupKeysResponse>,
  ): grpc.ClientUnaryCall
  backupKeys(
    argument: _sealstone_v1_BackupKeysRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_BackupKeysResponse>,
  ): grpc.ClientUnaryCall
  backupKeys(argument: _sealstone_v1_BackupKeysRequestInit, callback: grpc.requestCallback<_sealstone_v1_BackupKeysResponse>): grpc.ClientUnaryCall

  CancelDestroyKey(
    argument: _sealstone_v1_CancelDestroyKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CancelDestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  CancelDestroyKey(
    argument: _sealstone_v1_CancelDestroyKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_CancelDestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  CancelDestroyKey(
    argument: _sealstone_v1_CancelDestroyKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CancelDestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  CancelDestroyKey(
    argument: _sealstone_v1_CancelDestroyKeyRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_CancelDestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  cancelDestroyKey(
    argument: _sealstone_v1_CancelDestroyKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CancelDestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  cancelDestroyKey(
    argument: _sealstone_v1_CancelDestroyKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_CancelDestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  cancelDestroyKey(
    argument: _sealstone_v1_CancelDestroyKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CancelDestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  cancelDestroyKey(
    argument: _sealstone_v1_CancelDestroyKeyRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_CancelDestroyKeyResponse>,
  ): grpc.ClientUnaryCall

  CertifyKey(
    argument: _sealstone_v1_CertifyKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CertifyKeyResponse>,
  ): grpc.ClientUnaryCall
  CertifyKey(
    argument: _sealstone_v1_CertifyKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_CertifyKeyResponse>,
  ): grpc.ClientUnaryCall
  CertifyKey(
    argument: _sealstone_v1_CertifyKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CertifyKeyResponse>,
  ): grpc.ClientUnaryCall
  CertifyKey(argument: _sealstone_v1_CertifyKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_CertifyKeyResponse>): grpc.ClientUnaryCall
  certifyKey(
    argument: _sealstone_v1_CertifyKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CertifyKeyResponse>,
  ): grpc.ClientUnaryCall
  certifyKey(
    argument: _sealstone_v1_CertifyKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_CertifyKeyResponse>,
  ): grpc.ClientUnaryCall
  certifyKey(
    argument: _sealstone_v1_CertifyKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CertifyKeyResponse>,
  ): grpc.ClientUnaryCall
  certifyKey(argument: _sealstone_v1_CertifyKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_CertifyKeyResponse>): grpc.ClientUnaryCall

  CompromiseKey(
    argument: _sealstone_v1_CompromiseKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CompromiseKeyResponse>,
  ): grpc.ClientUnaryCall
  CompromiseKey(
    argument: _sealstone_v1_CompromiseKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_CompromiseKeyResponse>,
  ): grpc.ClientUnaryCall
  CompromiseKey(
    argument: _sealstone_v1_CompromiseKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CompromiseKeyResponse>,
  ): grpc.ClientUnaryCall
  CompromiseKey(
    argument: _sealstone_v1_CompromiseKeyRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_CompromiseKeyResponse>,
  ): grpc.ClientUnaryCall
  compromiseKey(
    argument: _sealstone_v1_CompromiseKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CompromiseKeyResponse>,
  ): grpc.ClientUnaryCall
  compromiseKey(
    argument: _sealstone_v1_CompromiseKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_CompromiseKeyResponse>,
  ): grpc.ClientUnaryCall
  compromiseKey(
    argument: _sealstone_v1_CompromiseKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CompromiseKeyResponse>,
  ): grpc.ClientUnaryCall
  compromiseKey(
    argument: _sealstone_v1_CompromiseKeyRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_CompromiseKeyResponse>,
  ): grpc.ClientUnaryCall

  CreateKey(
    argument: _sealstone_v1_CreateKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CreateKeyResponse>,
  ): grpc.ClientUnaryCall
  CreateKey(
    argument: _sealstone_v1_CreateKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_CreateKeyResponse>,
  ): grpc.ClientUnaryCall
  CreateKey(
    argument: _sealstone_v1_CreateKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CreateKeyResponse>,
  ): grpc.ClientUnaryCall
  CreateKey(argument: _sealstone_v1_CreateKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_CreateKeyResponse>): grpc.ClientUnaryCall
  createKey(
    argument: _sealstone_v1_CreateKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CreateKeyResponse>,
  ): grpc.ClientUnaryCall
  createKey(
    argument: _sealstone_v1_CreateKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_CreateKeyResponse>,
  ): grpc.ClientUnaryCall
  createKey(
    argument: _sealstone_v1_CreateKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_CreateKeyResponse>,
  ): grpc.ClientUnaryCall
  createKey(argument: _sealstone_v1_CreateKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_CreateKeyResponse>): grpc.ClientUnaryCall

  DestroyKey(
    argument: _sealstone_v1_DestroyKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_DestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  DestroyKey(
    argument: _sealstone_v1_DestroyKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_DestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  DestroyKey(
    argument: _sealstone_v1_DestroyKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_DestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  DestroyKey(argument: _sealstone_v1_DestroyKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_DestroyKeyResponse>): grpc.ClientUnaryCall
  destroyKey(
    argument: _sealstone_v1_DestroyKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_DestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  destroyKey(
    argument: _sealstone_v1_DestroyKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_DestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  destroyKey(
    argument: _sealstone_v1_DestroyKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_DestroyKeyResponse>,
  ): grpc.ClientUnaryCall
  destroyKey(argument: _sealstone_v1_DestroyKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_DestroyKeyResponse>): grpc.ClientUnaryCall

  DisableKey(
    argument: _sealstone_v1_DisableKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_DisableKeyResponse>,
  ): grpc.ClientUnaryCall
  DisableKey(
    argument: _sealstone_v1_DisableKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_DisableKeyResponse>,
  ): grpc.ClientUnaryCall
  DisableKey(
    argument: _sealstone_v1_DisableKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_DisableKeyResponse>,
  ): grpc.ClientUnaryCall
  DisableKey(argument: _sealstone_v1_DisableKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_DisableKeyResponse>): grpc.ClientUnaryCall
  disableKey(
    argument: _sealstone_v1_DisableKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_DisableKeyResponse>,
  ): grpc.ClientUnaryCall
  disableKey(
    argument: _sealstone_v1_DisableKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_DisableKeyResponse>,
  ): grpc.ClientUnaryCall
  disableKey(
    argument: _sealstone_v1_DisableKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_DisableKeyResponse>,
  ): grpc.ClientUnaryCall
  disableKey(argument: _sealstone_v1_DisableKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_DisableKeyResponse>): grpc.ClientUnaryCall

  EnableKey(
    argument: _sealstone_v1_EnableKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_EnableKeyResponse>,
  ): grpc.ClientUnaryCall
  EnableKey(
    argument: _sealstone_v1_EnableKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_EnableKeyResponse>,
  ): grpc.ClientUnaryCall
  EnableKey(
    argument: _sealstone_v1_EnableKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_EnableKeyResponse>,
  ): grpc.ClientUnaryCall
  EnableKey(argument: _sealstone_v1_EnableKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_EnableKeyResponse>): grpc.ClientUnaryCall
  enableKey(
    argument: _sealstone_v1_EnableKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_EnableKeyResponse>,
  ): grpc.ClientUnaryCall
  enableKey(
    argument: _sealstone_v1_EnableKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_EnableKeyResponse>,
  ): grpc.ClientUnaryCall
  enableKey(
    argument: _sealstone_v1_EnableKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_EnableKeyResponse>,
  ): grpc.ClientUnaryCall
  enableKey(argument: _sealstone_v1_EnableKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_EnableKeyResponse>): grpc.ClientUnaryCall

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

  ImportKey(
    argument: _sealstone_v1_ImportKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_ImportKeyResponse>,
  ): grpc.ClientUnaryCall
  ImportKey(
    argument: _sealstone_v1_ImportKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_ImportKeyResponse>,
  ): grpc.ClientUnaryCall
  ImportKey(
    argument: _sealstone_v1_ImportKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_ImportKeyResponse>,
  ): grpc.ClientUnaryCall
  ImportKey(argument: _sealstone_v1_ImportKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_ImportKeyResponse>): grpc.ClientUnaryCall
  importKey(
    argument: _sealstone_v1_ImportKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_ImportKeyResponse>,
  ): grpc.ClientUnaryCall
  importKey(
    argument: _sealstone_v1_ImportKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_ImportKeyResponse>,
  ): grpc.ClientUnaryCall
  importKey(
    argument: _sealstone_v1_ImportKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_ImportKeyResponse>,
  ): grpc.ClientUnaryCall
  importKey(argument: _sealstone_v1_ImportKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_ImportKeyResponse>): grpc.ClientUnaryCall

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

  RestoreKeys(
    argument: _sealstone_v1_RestoreKeysRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RestoreKeysResponse>,
  ): grpc.ClientUnaryCall
  RestoreKeys(
    argument: _sealstone_v1_RestoreKeysRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_RestoreKeysResponse>,
  ): grpc.ClientUnaryCall
  RestoreKeys(
    argument: _sealstone_v1_RestoreKeysRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RestoreKeysResponse>,
  ): grpc.ClientUnaryCall
  RestoreKeys(argument: _sealstone_v1_RestoreKeysRequestInit, callback: grpc.requestCallback<_sealstone_v1_RestoreKeysResponse>): grpc.ClientUnaryCall
  restoreKeys(
    argument: _sealstone_v1_RestoreKeysRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RestoreKeysResponse>,
  ): grpc.ClientUnaryCall
  restoreKeys(
    argument: _sealstone_v1_RestoreKeysRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_RestoreKeysResponse>,
  ): grpc.ClientUnaryCall
  restoreKeys(
    argument: _sealstone_v1_RestoreKeysRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RestoreKeysResponse>,
  ): grpc.ClientUnaryCall
  restoreKeys(argument: _sealstone_v1_RestoreKeysRequestInit, callback: grpc.requestCallback<_sealstone_v1_RestoreKeysResponse>): grpc.ClientUnaryCall

  RetireKey(
    argument: _sealstone_v1_RetireKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RetireKeyResponse>,
  ): grpc.ClientUnaryCall
  RetireKey(
    argument: _sealstone_v1_RetireKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_RetireKeyResponse>,
  ): grpc.ClientUnaryCall
  RetireKey(
    argument: _sealstone_v1_RetireKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RetireKeyResponse>,
  ): grpc.ClientUnaryCall
  RetireKey(argument: _sealstone_v1_RetireKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_RetireKeyResponse>): grpc.ClientUnaryCall
  retireKey(
    argument: _sealstone_v1_RetireKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RetireKeyResponse>,
  ): grpc.ClientUnaryCall
  retireKey(
    argument: _sealstone_v1_RetireKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_RetireKeyResponse>,
  ): grpc.ClientUnaryCall
  retireKey(
    argument: _sealstone_v1_RetireKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RetireKeyResponse>,
  ): grpc.ClientUnaryCall
  retireKey(argument: _sealstone_v1_RetireKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_RetireKeyResponse>): grpc.ClientUnaryCall

  RewrapKeys(
    argument: _sealstone_v1_RewrapKeysRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RewrapKeysResponse>,
  ): grpc.ClientUnaryCall
  RewrapKeys(
    argument: _sealstone_v1_RewrapKeysRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_RewrapKeysResponse>,
  ): grpc.ClientUnaryCall
  RewrapKeys(
    argument: _sealstone_v1_RewrapKeysRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RewrapKeysResponse>,
  ): grpc.ClientUnaryCall
  RewrapKeys(argument: _sealstone_v1_RewrapKeysRequestInit, callback: grpc.requestCallback<_sealstone_v1_RewrapKeysResponse>): grpc.ClientUnaryCall
  rewrapKeys(
    argument: _sealstone_v1_RewrapKeysRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RewrapKeysResponse>,
  ): grpc.ClientUnaryCall
  rewrapKeys(
    argument: _sealstone_v1_RewrapKeysRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_RewrapKeysResponse>,
  ): grpc.ClientUnaryCall
  rewrapKeys(
    argument: _sealstone_v1_RewrapKeysRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RewrapKeysResponse>,
  ): grpc.ClientUnaryCall
  rewrapKeys(argument: _sealstone_v1_RewrapKeysRequestInit, callback: grpc.requestCallback<_sealstone_v1_RewrapKeysResponse>): grpc.ClientUnaryCall

  RotateKey(
    argument: _sealstone_v1_RotateKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RotateKeyResponse>,
  ): grpc.ClientUnaryCall
  RotateKey(
    argument: _sealstone_v1_RotateKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_RotateKeyResponse>,
  ): grpc.ClientUnaryCall
  RotateKey(
    argument: _sealstone_v1_RotateKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RotateKeyResponse>,
  ): grpc.ClientUnaryCall
  RotateKey(argument: _sealstone_v1_RotateKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_RotateKeyResponse>): grpc.ClientUnaryCall
  rotateKey(
    argument: _sealstone_v1_RotateKeyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RotateKeyResponse>,
  ): grpc.ClientUnaryCall
  rotateKey(
    argument: _sealstone_v1_RotateKeyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_RotateKeyResponse>,
  ): grpc.ClientUnaryCall
  rotateKey(
    argument: _sealstone_v1_RotateKeyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RotateKeyResponse>,
  ): grpc.ClientUnaryCall
  rotateKey(argument: _sealstone_v1_RotateKeyRequestInit, callback: grpc.requestCallback<_sealstone_v1_RotateKeyResponse>): grpc.ClientUnaryCall

  SetKeyPolicy(
    argument: _sealstone_v1_SetKeyPolicyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SetKeyPolicyResponse>,
  ): grpc.ClientUnaryCall
  SetKeyPolicy(
    argument: _sealstone_v1_SetKeyPolicyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_SetKeyPolicyResponse>,
  ): grpc.ClientUnaryCall
  SetKeyPolicy(
    argument: _sealstone_v1_SetKeyPolicyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SetKeyPolicyResponse>,
  ): grpc.ClientUnaryCall
  SetKeyPolicy(
    argument: _sealstone_v1_SetKeyPolicyRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_SetKeyPolicyResponse>,
  ): grpc.ClientUnaryCall
  setKeyPolicy(
    argument: _sealstone_v1_SetKeyPolicyRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SetKeyPolicyResponse>,
  ): grpc.ClientUnaryCall
  setKeyPolicy(
    argument: _sealstone_v1_SetKeyPolicyRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_SetKeyPolicyResponse>,
  ): grpc.ClientUnaryCall
  setKeyPolicy(
    argument: _sealstone_v1_SetKeyPolicyRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_SetKeyPolicyResponse>,
  ): grpc.ClientUnaryCall
  setKeyPolicy(
    argument: _sealstone_v1_SetKeyPolicyRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_SetKeyPolicyResponse>,
  ): grpc.ClientUnaryCall
}

export interface KeyServiceHandlers extends grpc.UntypedServiceImplementation {
  AdoptKey: grpc.handleUnaryCall<_sealstone_v1_AdoptKeyRequest, _sealstone_v1_AdoptKeyResponseInit>

  BackupKeys: grpc.handleUnaryCall<_sealstone_v1_BackupKeysRequest, _sealstone_v1_BackupKeysResponseInit>

  CancelDestroyKey: grpc.handleUnaryCall<_sealstone_v1_CancelDestroyKeyRequest, _sealstone_v1_CancelDestroyKeyResponseInit>

  CertifyKey: grpc.handleUnaryCall<_sealstone_v1_CertifyKeyRequest, _sealstone_v1_CertifyKeyResponseInit>

  CompromiseKey: grpc.handleUnaryCall<_sealstone_v1_CompromiseKeyRequest, _sealstone_v1_CompromiseKeyResponseInit>

  CreateKey: grpc.handleUnaryCall<_sealstone_v1_CreateKeyRequest, _sealstone_v1_CreateKeyResponseInit>

  DestroyKey: grpc.handleUnaryCall<_sealstone_v1_DestroyKeyRequest, _sealstone_v1_DestroyKeyResponseInit>

  DisableKey: grpc.handleUnaryCall<_sealstone_v1_DisableKeyRequest, _sealstone_v1_DisableKeyResponseInit>

  EnableKey: grpc.handleUnaryCall<_sealstone_v1_EnableKeyRequest, _sealstone_v1_EnableKeyResponseInit>

  GetKey: grpc.handleUnaryCall<_sealstone_v1_GetKeyRequest, _sealstone_v1_GetKeyResponseInit>

  GetTrust: grpc.handleUnaryCall<_sealstone_v1_GetTrustRequest, _sealstone_v1_GetTrustResponseInit>

  ImportKey: grpc.handleUnaryCall<_sealstone_v1_ImportKeyRequest, _sealstone_v1_ImportKeyResponseInit>

  ListKeys: grpc.handleUnaryCall<_sealstone_v1_ListKeysRequest, _sealstone_v1_ListKeysResponseInit>

  RestoreKeys: grpc.handleUnaryCall<_sealstone_v1_RestoreKeysRequest, _sealstone_v1_RestoreKeysResponseInit>

  RetireKey: grpc.handleUnaryCall<_sealstone_v1_RetireKeyRequest, _sealstone_v1_RetireKeyResponseInit>

  RewrapKeys: grpc.handleUnaryCall<_sealstone_v1_RewrapKeysRequest, _sealstone_v1_RewrapKeysResponseInit>

  RotateKey: grpc.handleUnaryCall<_sealstone_v1_RotateKeyRequest, _sealstone_v1_RotateKeyResponseInit>

  SetKeyPolicy: grpc.handleUnaryCall<_sealstone_v1_SetKeyPolicyRequest, _sealstone_v1_SetKeyPolicyResponseInit>
}

export interface KeyServiceDefinition extends grpc.ServiceDefinition {
  AdoptKey: MethodDefinition<
    _sealstone_v1_AdoptKeyRequestInit,
    _sealstone_v1_AdoptKeyResponseInit,
    _sealstone_v1_AdoptKeyRequest,
    _sealstone_v1_AdoptKeyResponse
  >
  BackupKeys: MethodDefinition<
    _sealstone_v1_BackupKeysRequestInit,
    _sealstone_v1_BackupKeysResponseInit,
    _sealstone_v1_BackupKeysRequest,
    _sealstone_v1_BackupKeysResponse
  >
  CancelDestroyKey: MethodDefinition<
    _sealstone_v1_CancelDestroyKeyRequestInit,
    _sealstone_v1_CancelDestroyKeyResponseInit,
    _sealstone_v1_CancelDestroyKeyRequest,
    _sealstone_v1_CancelDestroyKeyResponse
  >
  CertifyKey: MethodDefinition<
    _sealstone_v1_CertifyKeyRequestInit,
    _sealstone_v1_CertifyKeyResponseInit,
    _sealstone_v1_CertifyKeyRequest,
    _sealstone_v1_CertifyKeyResponse
  >
  CompromiseKey: MethodDefinition<
    _sealstone_v1_CompromiseKeyRequestInit,
    _sealstone_v1_CompromiseKeyResponseInit,
    _sealstone_v1_CompromiseKeyRequest,
    _sealstone_v1_CompromiseKeyResponse
  >
  CreateKey: MethodDefinition<
    _sealstone_v1_CreateKeyRequestInit,
    _sealstone_v1_CreateKeyResponseInit,
    _sealstone_v1_CreateKeyRequest,
    _sealstone_v1_CreateKeyResponse
  >
  DestroyKey: MethodDefinition<
    _sealstone_v1_DestroyKeyRequestInit,
    _sealstone_v1_DestroyKeyResponseInit,
    _sealstone_v1_DestroyKeyRequest,
    _sealstone_v1_DestroyKeyResponse
  >
  DisableKey: MethodDefinition<
    _sealstone_v1_DisableKeyRequestInit,
    _sealstone_v1_DisableKeyResponseInit,
    _sealstone_v1_DisableKeyRequest,
    _sealstone_v1_DisableKeyResponse
  >
  EnableKey: MethodDefinition<
    _sealstone_v1_EnableKeyRequestInit,
    _sealstone_v1_EnableKeyResponseInit,
    _sealstone_v1_EnableKeyRequest,
    _sealstone_v1_EnableKeyResponse
  >
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
  ImportKey: MethodDefinition<
    _sealstone_v1_ImportKeyRequestInit,
    _sealstone_v1_ImportKeyResponseInit,
    _sealstone_v1_ImportKeyRequest,
    _sealstone_v1_ImportKeyResponse
  >
  ListKeys: MethodDefinition<
    _sealstone_v1_ListKeysRequestInit,
    _sealstone_v1_ListKeysResponseInit,
    _sealstone_v1_ListKeysRequest,
    _sealstone_v1_ListKeysResponse
  >
  RestoreKeys: MethodDefinition<
    _sealstone_v1_RestoreKeysRequestInit,
    _sealstone_v1_RestoreKeysResponseInit,
    _sealstone_v1_RestoreKeysRequest,
    _sealstone_v1_RestoreKeysResponse
  >
  RetireKey: MethodDefinition<
    _sealstone_v1_RetireKeyRequestInit,
    _sealstone_v1_RetireKeyResponseInit,
    _sealstone_v1_RetireKeyRequest,
    _sealstone_v1_RetireKeyResponse
  >
  RewrapKeys: MethodDefinition<
    _sealstone_v1_RewrapKeysRequestInit,
    _sealstone_v1_RewrapKeysResponseInit,
    _sealstone_v1_RewrapKeysRequest,
    _sealstone_v1_RewrapKeysResponse
  >
  RotateKey: MethodDefinition<
    _sealstone_v1_RotateKeyRequestInit,
    _sealstone_v1_RotateKeyResponseInit,
    _sealstone_v1_RotateKeyRequest,
    _sealstone_v1_RotateKeyResponse
  >
  SetKeyPolicy: MethodDefinition<
    _sealstone_v1_SetKeyPolicyRequestInit,
    _sealstone_v1_SetKeyPolicyResponseInit,
    _sealstone_v1_SetKeyPolicyRequest,
    _sealstone_v1_SetKeyPolicyResponse
  >
}
