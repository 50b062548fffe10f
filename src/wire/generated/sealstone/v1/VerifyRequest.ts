// Original file: proto/sealstone/v1/signing_service.proto

import type { ManifestInit as _sealstone_v1_ManifestInit, Manifest as _sealstone_v1_Manifest } from '../../sealstone/v1/Manifest.ts'

// Original file: proto/sealstone/v1/signing_service.proto

export type _sealstone_v1_VerifyRequest_RequirementInit = 'REQUIREMENT_UNSPECIFIED' | 0 | 'REQUIREMENT_HYBRID' | 1 | 'REQUIREMENT_CLASSICAL' | 2

export type _sealstone_v1_VerifyRequest_Requirement = 'REQUIREMENT_UNSPECIFIED' | 'REQUIREMENT_HYBRID' | 'REQUIREMENT_CLASSICAL'

export interface VerifyRequestInit {
  modelSig?: Buffer | Uint8Array | string
  modelHybridSig?: Buffer | Uint8Array | string
  manifest?: _sealstone_v1_ManifestInit | null
  requirement?: _sealstone_v1_VerifyRequest_RequirementInit
}

export interface VerifyRequest {
  modelSig: Buffer
  modelHybridSig: Buffer
  manifest: _sealstone_v1_Manifest | null
  requirement: _sealstone_v1_VerifyRequest_Requirement
}
