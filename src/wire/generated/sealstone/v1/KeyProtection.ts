// Original file: proto/sealstone/v1/key_service.proto

import type {
  HalfProtectionInit as _sealstone_v1_HalfProtectionInit,
  HalfProtection as _sealstone_v1_HalfProtection,
} from '../../sealstone/v1/HalfProtection.ts'
import type {
  TokenValidationInit as _sealstone_v1_TokenValidationInit,
  TokenValidation as _sealstone_v1_TokenValidation,
} from '../../sealstone/v1/TokenValidation.ts'

export interface KeyProtectionInit {
  module?: string
  tokenModel?: string
  tokenSerial?: string
  halves?: _sealstone_v1_HalfProtectionInit[]
  origin?: string
  recoverable?: boolean
  firmware?: string
  validations?: _sealstone_v1_TokenValidationInit[]
}

export interface KeyProtection {
  module: string
  tokenModel: string
  tokenSerial: string
  halves: _sealstone_v1_HalfProtection[]
  origin: string
  recoverable: boolean
  firmware: string
  validations: _sealstone_v1_TokenValidation[]
}
