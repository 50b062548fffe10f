// Original file: proto/sealstone/v1/receipt.proto

export interface ReceiptInit {
  leaf?: Buffer | Uint8Array | string
  proof?: string
}

export interface Receipt {
  leaf: Buffer
  proof: string
}
