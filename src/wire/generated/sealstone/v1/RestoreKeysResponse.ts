// Original file: proto/sealstone/v1/key_service.proto

import type { RestoredKeyInit as _sealstone_v1_RestoredKeyInit, RestoredKey as _sealstone_v1_RestoredKey } from '../../sealstone/v1/RestoredKey.ts'

export interface RestoreKeysResponseInit {
  keys?: _sealstone_v1_RestoredKeyInit[]
}

export interface RestoreKeysResponse {
  keys: _sealstone_v1_RestoredKey[]
}
