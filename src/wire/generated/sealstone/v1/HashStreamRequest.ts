// Original file: proto/sealstone/v1/hash_service.proto

import type {
  HashStreamOpenInit as _sealstone_v1_HashStreamOpenInit,
  HashStreamOpen as _sealstone_v1_HashStreamOpen,
} from '../../sealstone/v1/HashStreamOpen.ts'
import type {
  HashStreamChunkInit as _sealstone_v1_HashStreamChunkInit,
  HashStreamChunk as _sealstone_v1_HashStreamChunk,
} from '../../sealstone/v1/HashStreamChunk.ts'
import type {
  HashStreamCloseInit as _sealstone_v1_HashStreamCloseInit,
  HashStreamClose as _sealstone_v1_HashStreamClose,
} from '../../sealstone/v1/HashStreamClose.ts'

export interface HashStreamRequestInit {
  open?: _sealstone_v1_HashStreamOpenInit | null
  chunk?: _sealstone_v1_HashStreamChunkInit | null
  close?: _sealstone_v1_HashStreamCloseInit | null
  step?: 'open' | 'chunk' | 'close'
}

export interface HashStreamRequest {
  open?: _sealstone_v1_HashStreamOpen | null
  chunk?: _sealstone_v1_HashStreamChunk | null
  close?: _sealstone_v1_HashStreamClose | null
  step?: 'open' | 'chunk' | 'close'
}
