/** Which operation answers which call. */
import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import { defined, SealstoneError } from '#core'
import type { Operations } from '#operations'
import { archiveMessage, toWantedEntries } from './archive-messages.ts'
import { entryMessages, toDecisionRequest, toEntryFilter, toLogIndex } from './audit-messages.ts'
import type { CallEnvironment } from './call-context.ts'
import { serverStream, unary } from './handle-call.ts'
import { keyHandlers } from './key-service.ts'
import { signBatch } from './batch-messages.ts'
import { receiptMessage, signAnswerMessage, toRegistryRequest, toSignRequest } from './signing-messages.ts'
import { toVerifyRequest, verdictMessage } from './verdict-messages.ts'

export const SERVICE_NAMES = ['sealstone.v1.SigningService', 'sealstone.v1.KeyService', 'sealstone.v1.AuditService'] as const

export function addServices(server: Server, operations: Operations, environment: CallEnvironment): void {
  const { SigningService, KeyService, AuditService } = environment.protos
  const { Sign, SignBatch, SignRegistryChallenge, Verify } = SigningService.service
  const { GetCheckpoint, ListEntries, GetReceipt, RecordDecision, ArchiveEntries, OpenConsole } = AuditService.service

  addService(server, SigningService.service, {
    Sign: unary(
      environment,
      Sign,
      async (call, request) => signAnswerMessage(await operations.sign(call, toSignRequest(request))),
      (call) => operations.admit(call, 'sign'),
    ),
    SignBatch: unary(
      environment,
      SignBatch,
      (call, request) => signBatch(operations, environment.translator, call, request),
      (call) => operations.admit(call, 'sign'),
    ),
    SignRegistryChallenge: unary(environment, SignRegistryChallenge, async (call, request) => {
      const { leafIndex, ...answer } = await operations.signRegistryChallenge(call, toRegistryRequest(request))
      return { ...answer, leafIndex: String(leafIndex) }
    }),
    Verify: unary(
      environment,
      Verify,
      async (call, request) => ({ verdict: verdictMessage(await operations.verify(call, toVerifyRequest(request))) }),
      (call) => operations.admit(call, 'verify'),
    ),
  })
  addService(server, KeyService.service, keyHandlers(KeyService.service, operations, environment))
  addService(server, AuditService.service, {
    GetCheckpoint: unary(environment, GetCheckpoint, async (call) => {
      const { note, size } = await operations.getCheckpoint(call)
      return { note, size: String(size) }
    }),
    ListEntries: serverStream(environment, ListEntries, async function* (call, request) {
      const filter = toEntryFilter(request)
      using following = request.follow ? environment.followers.admit() : undefined
      const entries = operations.listEntries(call, filter, { isExport: request.forExport, ...defined({ following }) })
      yield* entryMessages(entries, following === undefined ? request.entriesPerMessage : 1)
    }),
    GetReceipt: unary(environment, GetReceipt, async (call, { index }) => ({
      receipt: receiptMessage(await operations.getReceipt(call, toLogIndex(index, 'index'))),
    })),
    RecordDecision: unary(environment, RecordDecision, async (call, request) => {
      const index = await operations.recordDecision(call, toDecisionRequest(request))
      return index === undefined ? {} : { leafIndex: String(index) }
    }),
    ArchiveEntries: serverStream(environment, ArchiveEntries, async function* (call, request) {
      for await (const news of operations.archiveEntries(call, toWantedEntries(request))) {
        if (environment.admission.closed) throw new SealstoneError('DAEMON_DRAINING')
        yield archiveMessage(news)
      }
    }),
    OpenConsole: unary(environment, OpenConsole, (call) => operations.openConsole(call)),
  })
}

/** Handlers take and give bytes, so that reading them is part of the call and its errors are ours. */
function addService(server: Server, service: ServiceDefinition, handlers: UntypedServiceImplementation): void {
  const methods = Object.entries(service).map(([name, method]) => {
    return [name, { ...method, requestDeserialize: (bytes: Buffer) => bytes, responseSerialize: (bytes: Buffer) => bytes }]
  })
  server.addService(Object.fromEntries(methods) as ServiceDefinition, handlers)
}
