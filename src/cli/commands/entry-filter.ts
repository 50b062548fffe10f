/** Which entries of the log are meant: the options that several audit commands share, read into a filter. */
import type { EntryFilter } from '#client'
import { excerpt, parseOperationId, SealstoneError } from '#core'

export type FilterOptions = Pick<EntryFilter, 'since' | 'until' | 'key' | 'caller' | 'result' | 'operationId'> & {
  kind?: string
  model?: string
  modelDigest?: string
}

/** @throws SealstoneError USAGE for a kind that there is not, or an operation that is none. Loads the format of the log. */
export async function readFilter({ kind, model, modelDigest, operationId, ...texts }: FilterOptions): Promise<EntryFilter> {
  const { since, until, key, caller, result } = texts
  // As the option's parser writes them, times sort like their texts.
  if (since !== undefined && until !== undefined && until < since)
    throw new SealstoneError('USAGE', `the period ends at ${until}, before it begins at ${since}`)
  return {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(key === undefined ? {} : { key }),
    ...(caller === undefined ? {} : { caller }),
    ...(result === undefined ? {} : { result }),
    ...(kind === undefined ? {} : { kind: await readKind(kind) }),
    ...(operationId === undefined ? {} : { operationId: readOperationId(operationId) }),
    ...(modelDigest === undefined ? {} : { modelDigest: readDigest(modelDigest) }),
    ...(model === undefined ? {} : model.includes('*') ? { modelPattern: model } : { modelName: model }),
  }
}

async function readKind(text: string): Promise<NonNullable<EntryFilter['kind']>> {
  const { LEAF_KINDS } = await import('#client')
  const kind = LEAF_KINDS.find((known) => known === text)
  if (kind === undefined) throw new SealstoneError('USAGE', `kind is ${excerpt(text)}, want one of ${LEAF_KINDS.join(', ')}`)
  return kind
}

function readOperationId(text: string): string {
  try {
    return parseOperationId(text)
  } catch (cause) {
    throw new SealstoneError('USAGE', `operation id is ${excerpt(text)}, want 32 hex digits`, { cause })
  }
}

function readDigest(text: string): string {
  const [, digest] = /^(?:sha256:)?([0-9a-f]{64})$/.exec(text) ?? []
  if (digest === undefined) throw new SealstoneError('USAGE', `model digest is ${excerpt(text)}, want 64 hex digits`)
  return digest
}
