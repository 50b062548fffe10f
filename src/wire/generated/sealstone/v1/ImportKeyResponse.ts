// Original file: proto/sealstone/v1/key_service.proto

import type { KeyInit as _sealstone_v1_KeyInit, Key as _sealstone_v1_Key } from '../../sealstone/v1/Key.ts'

export interface ImportKeyResponseInit {
  key?: _sealstone_v1_KeyInit | null
}

export interface ImportKeyResponse {
  key: _sealstone_v1_Key | null
}
