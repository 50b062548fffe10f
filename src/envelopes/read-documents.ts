/** First step of the verdict: parses the signature files and what they sign. */
import { toSealstoneError } from '#core'
import { type HybridBundle, parseHybridBundle } from './hybrid-bundle.ts'
import { type OmsBundle, parseBundle } from './oms-bundle.ts'
import { parseStatement, type Statement } from './statement-reader.ts'
import { MODEL_PREDICATE_TYPE } from './predicate-types.ts'
import type { StatementSummary, VerdictBuilder } from './verdict.ts'
import type { VerifyModelRequest } from './verify-request.ts'

export interface Documents {
  readonly bundle?: OmsBundle
  readonly hybrid?: HybridBundle
  readonly statement: Statement
}

/** Undefined if the rest makes no sense: the reasons are in the verdict. */
export function readDocuments(request: VerifyModelRequest, verdict: VerdictBuilder): Documents | undefined {
  const bundle = attempt('model.sig', verdict, () => request.bundle && parseBundle(request.bundle))
  const hybrid = attempt('model.hybrid.sig', verdict, () => request.hybrid && parseHybridBundle(request.hybrid))
  const payload = bundle?.payload ?? hybrid?.bundle.payload
  if (payload === undefined || (request.bundle && !bundle) || (request.hybrid && !hybrid)) return undefined
  const statement = attempt('signed statement', verdict, () => parseStatement(payload))
  if (statement === undefined) return undefined
  verdict.statement = summarise(statement)
  const fault = statementFault(statement, request, hybrid)
  if (fault !== undefined) {
    verdict.fail('bundle-format', fault)
    return undefined
  }
  verdict.pass('bundle-format', `${[bundle && 'model.sig', hybrid && 'model.hybrid.sig'].filter(Boolean).join(' and ')} well-formed`)
  if (bundle === undefined || hybrid === undefined) verdict.skip('payload-match', 'there is one signature only')
  else if (Buffer.compare(bundle.payload, hybrid.bundle.payload) !== 0) {
    verdict.fail('payload-match', 'model.sig and model.hybrid.sig are over different statements')
    return undefined
  } else verdict.pass('payload-match', 'both signatures are over the same bytes')
  return { statement, ...(bundle === undefined ? {} : { bundle }), ...(hybrid === undefined ? {} : { hybrid }) }
}

function attempt<Result>(what: string, verdict: VerdictBuilder, parse: () => Result): Result | undefined {
  try {
    return parse()
  } catch (thrown) {
    verdict.fail('bundle-format', `${what}: ${toSealstoneError(thrown).message}`)
    return undefined
  }
}

function statementFault(statement: Statement, request: VerifyModelRequest, hybrid: HybridBundle | undefined): string | undefined {
  const { statement: wanted = 'model' } = request
  const predicateType = typeof wanted === 'object' ? wanted.predicateType : MODEL_PREDICATE_TYPE
  const isWanted = typeof wanted === 'object' ? statement.predicateType === predicateType : wanted === 'any' || statement.kind === 'model'
  if (!isWanted) return `predicateType is ${JSON.stringify(statement.predicateType.slice(0, 200))}, want ${predicateType}`
  if (statement.kind === 'other') return undefined
  if (statement.resources.length === 0) return 'signed statement names no files'
  if (statement.format === 'draft' && hybrid !== undefined) return 'model.hybrid.sig signs a statement of the draft format of model_signing 0.2'
  return undefined
}

function summarise(statement: Statement): StatementSummary {
  if (statement.kind === 'model')
    return { predicateType: statement.predicateType, modelName: statement.modelName, resourceCount: statement.resources.length }
  return { predicateType: statement.predicateType, modelName: statement.subjects[0]?.name ?? '', resourceCount: statement.subjects.length }
}
