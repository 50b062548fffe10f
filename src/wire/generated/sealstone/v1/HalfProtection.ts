// Original file: proto/sealstone/v1/key_service.proto

// Original file: proto/sealstone/v1/key_service.proto

export type _sealstone_v1_HalfProtection_LocationInit = 'LOCATION_UNSPECIFIED' | 0 | 'LOCATION_TOKEN' | 1 | 'LOCATION_SEALED' | 2

export type _sealstone_v1_HalfProtection_Location = 'LOCATION_UNSPECIFIED' | 'LOCATION_TOKEN' | 'LOCATION_SEALED'

// Original file: proto/sealstone/v1/key_service.proto

export type _sealstone_v1_HalfProtection_RoleInit = 'ROLE_UNSPECIFIED' | 0 | 'ROLE_ML_DSA' | 1 | 'ROLE_CLASSICAL' | 2 | 'ROLE_COMPANION' | 3

export type _sealstone_v1_HalfProtection_Role = 'ROLE_UNSPECIFIED' | 'ROLE_ML_DSA' | 'ROLE_CLASSICAL' | 'ROLE_COMPANION'

// Original file: proto/sealstone/v1/key_service.proto

export type _sealstone_v1_HalfProtection_SealingInit = 'SEALING_UNSPECIFIED' | 0 | 'SEALING_AES_256_GCM' | 1 | 'SEALING_RSA_OAEP' | 2

export type _sealstone_v1_HalfProtection_Sealing = 'SEALING_UNSPECIFIED' | 'SEALING_AES_256_GCM' | 'SEALING_RSA_OAEP'

export interface HalfProtectionInit {
  role?: _sealstone_v1_HalfProtection_RoleInit
  location?: _sealstone_v1_HalfProtection_LocationInit
  sealing?: _sealstone_v1_HalfProtection_SealingInit
  sensitive?: boolean
  extractable?: boolean
  alwaysSensitive?: boolean
  neverExtractable?: boolean
  local?: boolean
  _sensitive?: 'sensitive'
  _extractable?: 'extractable'
  _alwaysSensitive?: 'alwaysSensitive'
  _neverExtractable?: 'neverExtractable'
  _local?: 'local'
}

export interface HalfProtection {
  role: _sealstone_v1_HalfProtection_Role
  location: _sealstone_v1_HalfProtection_Location
  sealing: _sealstone_v1_HalfProtection_Sealing
  sensitive?: boolean
  extractable?: boolean
  alwaysSensitive?: boolean
  neverExtractable?: boolean
  local?: boolean
  _sensitive?: 'sensitive'
  _extractable?: 'extractable'
  _alwaysSensitive?: 'alwaysSensitive'
  _neverExtractable?: 'neverExtractable'
  _local?: 'local'
}
