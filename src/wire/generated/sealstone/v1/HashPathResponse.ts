// Original file: proto/sealstone/v1/hash_service.proto

import type {
  HashPathProgressInit as _sealstone_v1_HashPathProgressInit,
  HashPathProgress as _sealstone_v1_HashPathProgress,
} from '../../sealstone/v1/HashPathProgress.ts'
import type { HashedPartsInit as _sealstone_v1_HashedPartsInit, HashedParts as _sealstone_v1_HashedParts } from '../../sealstone/v1/HashedParts.ts'
import type { HashPathEndInit as _sealstone_v1_HashPathEndInit, HashPathEnd as _sealstone_v1_HashPathEnd } from '../../sealstone/v1/HashPathEnd.ts'

export interface HashPathResponseInit {
  progress?: _sealstone_v1_HashPathProgressInit | null
  parts?: _sealstone_v1_HashedPartsInit | null
  end?: _sealstone_v1_HashPathEndInit | null
  step?: 'progress' | 'parts' | 'end'
}

export interface HashPathResponse {
  progress?: _sealstone_v1_HashPathProgress | null
  parts?: _sealstone_v1_HashedParts | null
  end?: _sealstone_v1_HashPathEnd | null
  step?: 'progress' | 'parts' | 'end'
}
