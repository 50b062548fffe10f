// Original file: proto/sealstone/v1/hash_service.proto

export interface IssuedTicketInit {
  name?: string
  ticket?: Buffer | Uint8Array | string
}

export interface IssuedTicket {
  name: string
  ticket: Buffer
}
