// Original file: proto/sealstone/v1/key_service.proto

import type { KeyInit as _sealstone_v1_KeyInit, Key as _sealstone_v1_Key } from '../../sealstone/v1/Key.ts'

export interface ListKeysResponseInit {
  keys?: _sealstone_v1_KeyInit[]
}

export interface ListKeysResponse {
  keys: _sealstone_v1_Key[]
}
