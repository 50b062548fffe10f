// Original file: proto/sealstone/v1/hash_service.proto

import type { ResourceInit as _sealstone_v1_ResourceInit, Resource as _sealstone_v1_Resource } from '../../sealstone/v1/Resource.ts'
import type {
  IssuedTicketInit as _sealstone_v1_IssuedTicketInit,
  IssuedTicket as _sealstone_v1_IssuedTicket,
} from '../../sealstone/v1/IssuedTicket.ts'

export interface HashedPartsInit {
  resources?: _sealstone_v1_ResourceInit[]
  tickets?: _sealstone_v1_IssuedTicketInit[]
}

export interface HashedParts {
  resources: _sealstone_v1_Resource[]
  tickets: _sealstone_v1_IssuedTicket[]
}
