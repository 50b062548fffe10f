// Original file: proto/sealstone/v1/verdict.proto

export interface StatementSummaryInit {
  predicateType?: string
  modelName?: string
  resourceCount?: number
}

export interface StatementSummary {
  predicateType: string
  modelName: string
  resourceCount: number
}
