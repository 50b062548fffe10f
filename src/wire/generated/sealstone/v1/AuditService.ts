// Original file: proto/sealstone/v1/audit_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type {
  ArchiveEntriesRequestInit as _sealstone_v1_ArchiveEntriesRequestInit,
  ArchiveEntriesRequest as _sealstone_v1_ArchiveEntriesRequest,
} from '../../sealstone/v1/ArchiveEntriesRequest.ts'
import type {
  ArchiveEntriesResponseInit as _sealstone_v1_ArchiveEntriesResponseInit,
  ArchiveEntriesResponse as _sealstone_v1_ArchiveEntriesResponse,
} from '../../sealstone/v1/ArchiveEntriesResponse.ts'
import type {
  GetCheckpointRequestInit as _sealstone_v1_GetCheckpointRequestInit,
  GetCheckpointRequest as _sealstone_v1_GetCheckpointRequest,
} from '../../sealstone/v1/GetCheckpointRequest.ts'
import type {
  GetCheckpointResponseInit as _sealstone_v1_GetCheckpointResponseInit,
  GetCheckpointResponse as _sealstone_v1_GetCheckpointResponse,
} from '../../sealstone/v1/GetCheckpointResponse.ts'
import type {
  GetReceiptRequestInit as _sealstone_v1_GetReceiptRequestInit,
  GetReceiptRequest as _sealstone_v1_GetReceiptRequest,
} from '../../sealstone/v1/GetReceiptRequest.ts'
import type {
  GetReceiptResponseInit as _sealstone_v1_GetReceiptResponseInit,
  GetReceiptResponse as _sealstone_v1_GetReceiptResponse,
} from '../../sealstone/v1/GetReceiptResponse.ts'
import type {
  ListEntriesRequestInit as _sealstone_v1_ListEntriesRequestInit,
  ListEntriesRequest as _sealstone_v1_ListEntriesRequest,
} from '../../sealstone/v1/ListEntriesRequest.ts'
import type {
  ListEntriesResponseInit as _sealstone_v1_ListEntriesResponseInit,
  ListEntriesResponse as _sealstone_v1_ListEntriesResponse,
} from '../../sealstone/v1/ListEntriesResponse.ts'
import type {
  OpenConsoleRequestInit as _sealstone_v1_OpenConsoleRequestInit,
  OpenConsoleRequest as _sealstone_v1_OpenConsoleRequest,
} from '../../sealstone/v1/OpenConsoleRequest.ts'
import type {
  OpenConsoleResponseInit as _sealstone_v1_OpenConsoleResponseInit,
  OpenConsoleResponse as _sealstone_v1_OpenConsoleResponse,
} from '../../sealstone/v1/OpenConsoleResponse.ts'
import type {
  RecordDecisionRequestInit as _sealstone_v1_RecordDecisionRequestInit,
  RecordDecisionRequest as _sealstone_v1_RecordDecisionRequest,
} from '../../sealstone/v1/RecordDecisionRequest.ts'
import type {
  RecordDecisionResponseInit as _sealstone_v1_RecordDecisionResponseInit,
  RecordDecisionResponse as _sealstone_v1_RecordDecisionResponse,
} from '../../sealstone/v1/RecordDecisionResponse.ts'

export interface AuditServiceClient extends grpc.Client {
  ArchiveEntries(
    argument: _sealstone_v1_ArchiveEntriesRequestInit,
    metadata: grpc.Metadata,
    options?: grpc.CallOptions,
  ): grpc.ClientReadableStream<_sealstone_v1_ArchiveEntriesResponse>
  ArchiveEntries(
    argument: _sealstone_v1_ArchiveEntriesRequestInit,
    options?: grpc.CallOptions,
  ): grpc.ClientReadableStream<_sealstone_v1_ArchiveEntriesResponse>
  archiveEntries(
    argument: _sealstone_v1_ArchiveEntriesRequestInit,
    metadata: grpc.Metadata,
    options?: grpc.CallOptions,
  ): grpc.ClientReadableStream<_sealstone_v1_ArchiveEntriesResponse>
  archiveEntries(
    argument: _sealstone_v1_ArchiveEntriesRequestInit,
    options?: grpc.CallOptions,
  ): grpc.ClientReadableStream<_sealstone_v1_ArchiveEntriesResponse>

  GetCheckpoint(
    argument: _sealstone_v1_GetCheckpointRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetCheckpointResponse>,
  ): grpc.ClientUnaryCall
  GetCheckpoint(
    argument: _sealstone_v1_GetCheckpointRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_GetCheckpointResponse>,
  ): grpc.ClientUnaryCall
  GetCheckpoint(
    argument: _sealstone_v1_GetCheckpointRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetCheckpointResponse>,
  ): grpc.ClientUnaryCall
  GetCheckpoint(
    argument: _sealstone_v1_GetCheckpointRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_GetCheckpointResponse>,
  ): grpc.ClientUnaryCall
  getCheckpoint(
    argument: _sealstone_v1_GetCheckpointRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetCheckpointResponse>,
  ): grpc.ClientUnaryCall
  getCheckpoint(
    argument: _sealstone_v1_GetCheckpointRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_GetCheckpointResponse>,
  ): grpc.ClientUnaryCall
  getCheckpoint(
    argument: _sealstone_v1_GetCheckpointRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetCheckpointResponse>,
  ): grpc.ClientUnaryCall
  getCheckpoint(
    argument: _sealstone_v1_GetCheckpointRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_GetCheckpointResponse>,
  ): grpc.ClientUnaryCall

  GetReceipt(
    argument: _sealstone_v1_GetReceiptRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetReceiptResponse>,
  ): grpc.ClientUnaryCall
  GetReceipt(
    argument: _sealstone_v1_GetReceiptRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_GetReceiptResponse>,
  ): grpc.ClientUnaryCall
  GetReceipt(
    argument: _sealstone_v1_GetReceiptRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetReceiptResponse>,
  ): grpc.ClientUnaryCall
  GetReceipt(argument: _sealstone_v1_GetReceiptRequestInit, callback: grpc.requestCallback<_sealstone_v1_GetReceiptResponse>): grpc.ClientUnaryCall
  getReceipt(
    argument: _sealstone_v1_GetReceiptRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetReceiptResponse>,
  ): grpc.ClientUnaryCall
  getReceipt(
    argument: _sealstone_v1_GetReceiptRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_GetReceiptResponse>,
  ): grpc.ClientUnaryCall
  getReceipt(
    argument: _sealstone_v1_GetReceiptRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_GetReceiptResponse>,
  ): grpc.ClientUnaryCall
  getReceipt(argument: _sealstone_v1_GetReceiptRequestInit, callback: grpc.requestCallback<_sealstone_v1_GetReceiptResponse>): grpc.ClientUnaryCall

  ListEntries(
    argument: _sealstone_v1_ListEntriesRequestInit,
    metadata: grpc.Metadata,
    options?: grpc.CallOptions,
  ): grpc.ClientReadableStream<_sealstone_v1_ListEntriesResponse>
  ListEntries(
    argument: _sealstone_v1_ListEntriesRequestInit,
    options?: grpc.CallOptions,
  ): grpc.ClientReadableStream<_sealstone_v1_ListEntriesResponse>
  listEntries(
    argument: _sealstone_v1_ListEntriesRequestInit,
    metadata: grpc.Metadata,
    options?: grpc.CallOptions,
  ): grpc.ClientReadableStream<_sealstone_v1_ListEntriesResponse>
  listEntries(
    argument: _sealstone_v1_ListEntriesRequestInit,
    options?: grpc.CallOptions,
  ): grpc.ClientReadableStream<_sealstone_v1_ListEntriesResponse>

  OpenConsole(
    argument: _sealstone_v1_OpenConsoleRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_OpenConsoleResponse>,
  ): grpc.ClientUnaryCall
  OpenConsole(
    argument: _sealstone_v1_OpenConsoleRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_OpenConsoleResponse>,
  ): grpc.ClientUnaryCall
  OpenConsole(
    argument: _sealstone_v1_OpenConsoleRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_OpenConsoleResponse>,
  ): grpc.ClientUnaryCall
  OpenConsole(argument: _sealstone_v1_OpenConsoleRequestInit, callback: grpc.requestCallback<_sealstone_v1_OpenConsoleResponse>): grpc.ClientUnaryCall
  openConsole(
    argument: _sealstone_v1_OpenConsoleRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_OpenConsoleResponse>,
  ): grpc.ClientUnaryCall
  openConsole(
    argument: _sealstone_v1_OpenConsoleRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_OpenConsoleResponse>,
  ): grpc.ClientUnaryCall
  openConsole(
    argument: _sealstone_v1_OpenConsoleRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_OpenConsoleResponse>,
  ): grpc.ClientUnaryCall
  openConsole(argument: _sealstone_v1_OpenConsoleRequestInit, callback: grpc.requestCallback<_sealstone_v1_OpenConsoleResponse>): grpc.ClientUnaryCall

  RecordDecision(
    argument: _sealstone_v1_RecordDecisionRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RecordDecisionResponse>,
  ): grpc.ClientUnaryCall
  RecordDecision(
    argument: _sealstone_v1_RecordDecisionRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_RecordDecisionResponse>,
  ): grpc.ClientUnaryCall
  RecordDecision(
    argument: _sealstone_v1_RecordDecisionRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RecordDecisionResponse>,
  ): grpc.ClientUnaryCall
  RecordDecision(
    argument: _sealstone_v1_RecordDecisionRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_RecordDecisionResponse>,
  ): grpc.ClientUnaryCall
  recordDecision(
    argument: _sealstone_v1_RecordDecisionRequestInit,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RecordDecisionResponse>,
  ): grpc.ClientUnaryCall
  recordDecision(
    argument: _sealstone_v1_RecordDecisionRequestInit,
    metadata: grpc.Metadata,
    callback: grpc.requestCallback<_sealstone_v1_RecordDecisionResponse>,
  ): grpc.ClientUnaryCall
  recordDecision(
    argument: _sealstone_v1_RecordDecisionRequestInit,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<_sealstone_v1_RecordDecisionResponse>,
  ): grpc.ClientUnaryCall
  recordDecision(
    argument: _sealstone_v1_RecordDecisionRequestInit,
    callback: grpc.requestCallback<_sealstone_v1_RecordDecisionResponse>,
  ): grpc.ClientUnaryCall
}

export interface AuditServiceHandlers extends grpc.UntypedServiceImplementation {
  ArchiveEntries: grpc.handleServerStreamingCall<_sealstone_v1_ArchiveEntriesRequest, _sealstone_v1_ArchiveEntriesResponseInit>

  GetCheckpoint: grpc.handleUnaryCall<_sealstone_v1_GetCheckpointRequest, _sealstone_v1_GetCheckpointResponseInit>

  GetReceipt: grpc.handleUnaryCall<_sealstone_v1_GetReceiptRequest, _sealstone_v1_GetReceiptResponseInit>

  ListEntries: grpc.handleServerStreamingCall<_sealstone_v1_ListEntriesRequest, _sealstone_v1_ListEntriesResponseInit>

  OpenConsole: grpc.handleUnaryCall<_sealstone_v1_OpenConsoleRequest, _sealstone_v1_OpenConsoleResponseInit>

  RecordDecision: grpc.handleUnaryCall<_sealstone_v1_RecordDecisionRequest, _sealstone_v1_RecordDecisionResponseInit>
}

export interface AuditServiceDefinition extends grpc.ServiceDefinition {
  ArchiveEntries: MethodDefinition<
    _sealstone_v1_ArchiveEntriesRequestInit,
    _sealstone_v1_ArchiveEntriesResponseInit,
    _sealstone_v1_ArchiveEntriesRequest,
    _sealstone_v1_ArchiveEntriesResponse
  >
  GetCheckpoint: MethodDefinition<
    _sealstone_v1_GetCheckpointRequestInit,
    _sealstone_v1_GetCheckpointResponseInit,
    _sealstone_v1_GetCheckpointRequest,
    _sealstone_v1_GetCheckpointResponse
  >
  GetReceipt: MethodDefinition<
    _sealstone_v1_GetReceiptRequestInit,
    _sealstone_v1_GetReceiptResponseInit,
    _sealstone_v1_GetReceiptRequest,
    _sealstone_v1_GetReceiptResponse
  >
  ListEntries: MethodDefinition<
    _sealstone_v1_ListEntriesRequestInit,
    _sealstone_v1_ListEntriesResponseInit,
    _sealstone_v1_ListEntriesRequest,
    _sealstone_v1_ListEntriesResponse
  >
  OpenConsole: MethodDefinition<
    _sealstone_v1_OpenConsoleRequestInit,
    _sealstone_v1_OpenConsoleResponseInit,
    _sealstone_v1_OpenConsoleRequest,
    _sealstone_v1_OpenConsoleResponse
  >
  RecordDecision: MethodDefinition<
    _sealstone_v1_RecordDecisionRequestInit,
    _sealstone_v1_RecordDecisionResponseInit,
    _sealstone_v1_RecordDecisionRequest,
    _sealstone_v1_RecordDecisionResponse
  >
}
