// Original file: proto/sealstone/v1/signing_service.proto

export interface HashTicketInit {
  name?: string
  ticket?: Buffer | Uint8Array | string
}

export interface HashTicket {
  name: string
  ticket: Buffer
}
