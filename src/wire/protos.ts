/** Loads the proto files, as they are, into typed service definitions, client constructors and message codecs. */
import { fileURLToPath } from 'node:url'
import { type ChannelCredentials, type Client, type ClientOptions, loadPackageDefinition } from '@grpc/grpc-js'
import { loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader'
import type { ErrorInfo, ErrorInfoInit } from './generated/google/rpc/ErrorInfo.ts'
import type { RetryInfo, RetryInfoInit } from './generated/google/rpc/RetryInfo.ts'
import type { Status, StatusInit } from './generated/google/rpc/Status.ts'
import type { AuditServiceClient, AuditServiceDefinition } from './generated/sealstone/v1/AuditService.ts'
import type { HashServiceClient, HashServiceDefinition } from './generated/sealstone/v1/HashService.ts'
import type { KeyServiceClient, KeyServiceDefinition } from './generated/sealstone/v1/KeyService.ts'
import type { SigningServiceClient, SigningServiceDefinition } from './generated/sealstone/v1/SigningService.ts'

export interface Protos {
  /** Everything that was read, by full name. */
  readonly definition: PackageDefinition
  readonly SigningService: ClientConstructor<SigningServiceClient, SigningServiceDefinition>
  readonly KeyService: ClientConstructor<KeyServiceClient, KeyServiceDefinition>
  readonly AuditService: ClientConstructor<AuditServiceClient, AuditServiceDefinition>
  readonly HashService: ClientConstructor<HashServiceClient, HashServiceDefinition>
}

/** Makes clients; `service` is what a server is registered with. */
export interface ClientConstructor<ServiceClient extends Client, Definition> {
  new (address: string, credentials: ChannelCredentials, options?: ClientOptions): ServiceClient
  readonly service: Definition
}

/** The codecs of google.rpc, for the trailer that carries error details. */
export interface ErrorCodecs {
  readonly status: MessageTypeDefinition<StatusInit, Status>
  readonly errorInfo: MessageTypeDefinition<ErrorInfoInit, ErrorInfo>
  readonly retryInfo: MessageTypeDefinition<RetryInfoInit, RetryInfo>
}

/** Reads the files: some milliseconds, so once per server or client. 64-bit numbers are decimal strings, enums their names, absent messages null. */
export function loadProtos(): Protos {
  const definition = load(PROTO_FILES)
  const loaded = loadPackageDefinition(definition) as unknown as { readonly sealstone: { readonly v1: Omit<Protos, 'definition'> } }
  const { SigningService, KeyService, AuditService, HashService } = loaded.sealstone.v1
  return { definition, SigningService, KeyService, AuditService, HashService }
}

export function loadErrorCodecs(): ErrorCodecs {
  const definition = load(ERROR_FILES)
  return {
    status: definition['google.rpc.Status'] as ErrorCodecs['status'],
    errorInfo: definition['google.rpc.ErrorInfo'] as ErrorCodecs['errorInfo'],
    retryInfo: definition['google.rpc.RetryInfo'] as ErrorCodecs['retryInfo'],
  }
}

function load(files: readonly string[]): PackageDefinition {
  return loadSync([...files], { includeDirs: [PROTO_FOLDER], longs: String, enums: String, defaults: true, oneofs: true })
}

const PROTO_FOLDER = fileURLToPath(new URL('../../proto', import.meta.url))
const PROTO_FILES = ['signing', 'key', 'audit', 'hash'].map((service) => `sealstone/v1/${service}_service.proto`)
const ERROR_FILES = ['google/rpc/status.proto', 'google/rpc/error_details.proto']
