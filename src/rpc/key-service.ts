/** Which operation answers which call of KeyService. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import type { CallContext, KeyView, Operations } from '#operations'
import { type KeyInit, type KeyServiceDefinition, RESTORE_OUTCOMES } from '#wire'
import type { CallEnvironment } from './call-context.ts'
import { unary } from './handle-call.ts'
import { keyMessage } from './key-messages.ts'
import {
  toAdoptRequest,
  toCertifyRequest,
  toChangeRequest,
  toCompromiseRequest,
  toCreateRequest,
  toDestroyRequest,
  toImportRequest,
  toKeyName,
  toPolicyChanges,
  toRestoreRequest,
  toRotateRequest,
  toVersionName,
} from './key-requests.ts'

export function keyHandlers(service: KeyServiceDefinition, operations: Operations, environment: CallEnvironment): UntypedServiceImplementation {
  return {
    ListKeys: unary(environment, service.ListKeys, async (call) => ({ keys: (await operations.listKeys(call)).map(keyMessage) })),
    GetKey: unary(
      environment,
      service.GetKey,
      answer((call, request) => {
        const { name, version } = toVersionName(request)
        return operations.getKey(call, name, version)
      }),
    ),
    GetTrust: unary(environment, service.GetTrust, async (call) => ({ trustFile: await operations.getTrust(call) })),
    CreateKey: unary(
      environment,
      service.CreateKey,
      answer((call, request) => operations.createKey(call, toCreateRequest(request))),
    ),
    RotateKey: unary(
      environment,
      service.RotateKey,
      answer((call, request) => operations.rotateKey(call, toRotateRequest(request))),
    ),
    EnableKey: unary(
      environment,
      service.EnableKey,
      answer((call, request) => operations.changeKey(call, toChangeRequest('enable', request))),
    ),
    DisableKey: unary(
      environment,
      service.DisableKey,
      answer((call, request) => operations.changeKey(call, toChangeRequest('disable', request))),
    ),
    RetireKey: unary(
      environment,
      service.RetireKey,
      answer((call, request) => operations.changeKey(call, toChangeRequest('retire', request))),
    ),
    CompromiseKey: unary(
      environment,
      service.CompromiseKey,
      answer((call, request) => operations.changeKey(call, toCompromiseRequest(request))),
    ),
    DestroyKey: unary(
      environment,
      service.DestroyKey,
      answer((call, request) => operations.destroyKey(call, toDestroyRequest(request))),
    ),
    CancelDestroyKey: unary(
      environment,
      service.CancelDestroyKey,
      answer((call, request) => operations.cancelDestroyKey(call, toVersionName(request))),
    ),
    SetKeyPolicy: unary(
      environment,
      service.SetKeyPolicy,
      answer((call, request) => operations.setKeyPolicy(call, toKeyName(request.name), toPolicyChanges(request))),
    ),
    AdoptKey: unary(
      environment,
      service.AdoptKey,
      answer((call, request) => operations.adoptKey(call, toAdoptRequest(request))),
    ),
    CertifyKey: unary(environment, service.CertifyKey, (call, request) => operations.certifyKey(call, toCertifyRequest(request))),
    BackupKeys: unary(environment, service.BackupKeys, async (call) => {
      const { folder, treeSize, recoverable, notRecoverable } = await operations.backupKeys(call)
      return { folder, treeSize: String(treeSize), recoverable: [...recoverable], notRecoverable: [...notRecoverable] }
    }),
    RestoreKeys: unary(environment, service.RestoreKeys, async (call, request) => {
      const keys = await operations.restoreKeys(call, toRestoreRequest(request))
      return { keys: keys.map(({ name = '', version = 0, outcome, detail }) => ({ name, version, outcome: RESTORE_OUTCOMES[outcome], detail })) }
    }),
    RewrapKeys: unary(environment, service.RewrapKeys, async (call, { destroyOld }) => {
      const { wrappingKey, seeds, destroyed } = await operations.rewrapKeys(call, destroyOld)
      return { wrappingKey: wrappingKey.ckaId, wrappingKeyNumber: wrappingKey.number, seeds, destroyed: [...destroyed] }
    }),
    ImportKey: unary(
      environment,
      service.ImportKey,
      answer((call, request) => operations.importKey(call, toImportRequest(request))),
    ),
  }
}

/** Every one of these calls answers with the key that it was about. */
function answer<Request>(
  run: (call: CallContext, request: Request) => Promise<KeyView>,
): (call: CallContext, request: Request) => Promise<{ key: KeyInit }> {
  return async (call, request) => ({ key: keyMessage(await run(call, request)) })
}
