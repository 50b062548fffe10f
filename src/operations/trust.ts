/** The trust file: every key with its versions, and the log's own verifier keys. */
import type { TrustFile } from '#envelopes'
import type { KeyRecord } from '#keys'
import type { OperationContext } from './context.ts'

export function composeTrust(context: Pick<OperationContext, 'keys' | 'log'>): TrustFile {
  return { version: 1, keys: context.keys.list().map(trustedKey), log: context.log }
}

function trustedKey(record: KeyRecord): TrustFile['keys'][number] {
  return {
    name: record.name,
    version: record.version,
    suite: record.hybrid.suite,
    spki: record.hybrid.spki,
    ...(record.companion === undefined ? {} : { companion: { suite: record.companion.suite, spki: record.companion.spki } }),
    state: record.state,
  }
}
