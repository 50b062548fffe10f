// Original file: proto/sealstone/v1/key_service.proto

import type {
  HalfProtectionInit as _sealstone_v1_HalfProtectionInit,
  HalfProtection as _sealstone_v1_HalfProtection,
} from '../../sealstone/v1/HalfProtection.ts'

export interface KeyProtectionInit {
  module?: string
  tokenModel?: string
  tokenSerial?: string
  halves?: _sealstone_v1_HalfProtectionInit[]
  origin?: string
  recoverable?: boolean
  firmware?: string
}

export interface KeyProtection {
  module: string
  tokenModel: string
  tokenSerial: string
  halves: _sealstone_v1_HalfProtection[]
  origin: string
  recoverable: boolean
  firmware: string
}
