// Original file: proto/sealstone/v1/manifest.proto

import type {
  SerializationInit as _sealstone_v1_SerializationInit,
  Serialization as _sealstone_v1_Serialization,
} from '../../sealstone/v1/Serialization.ts'
import type { ResourceInit as _sealstone_v1_ResourceInit, Resource as _sealstone_v1_Resource } from '../../sealstone/v1/Resource.ts'

export interface ManifestInit {
  modelName?: string
  serialization?: _sealstone_v1_SerializationInit | null
  resources?: _sealstone_v1_ResourceInit[]
}

export interface Manifest {
  modelName: string
  serialization: _sealstone_v1_Serialization | null
  resources: _sealstone_v1_Resource[]
}
