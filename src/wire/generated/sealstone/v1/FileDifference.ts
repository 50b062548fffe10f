// Original file: proto/sealstone/v1/verdict.proto

// Original file: proto/sealstone/v1/verdict.proto

export type _sealstone_v1_FileDifference_KindInit = 'KIND_UNSPECIFIED' | 0 | 'KIND_CHANGED' | 1 | 'KIND_MISSING' | 2 | 'KIND_EXTRA' | 3

export type _sealstone_v1_FileDifference_Kind = 'KIND_UNSPECIFIED' | 'KIND_CHANGED' | 'KIND_MISSING' | 'KIND_EXTRA'

export interface FileDifferenceInit {
  name?: string
  kind?: _sealstone_v1_FileDifference_KindInit
  want?: string
  got?: string
}

export interface FileDifference {
  name: string
  kind: _sealstone_v1_FileDifference_Kind
  want: string
  got: string
}
