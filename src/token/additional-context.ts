/** CK_SIGN_ADDITIONAL_CONTEXT (PKCS#11 3.2 §6.67): the context of an ML-DSA signature, in the memory where the token reads it. */
import { SealstoneError } from '#core'
import { contextAddress, contextMemory } from './fixed-memory.ts'

// typedef struct { CK_HEDGE_TYPE hedgeVariant; CK_BYTE_PTR pContext; CK_ULONG ulContextLen; }: 8 bytes each on every platform that we run on.
const STRUCT_BYTES = 24
const MAX_CONTEXT_BYTES = 255 // FIPS 204 §5.2
const CKH_HEDGE_PREFERRED = 0n // hedged where the token can (FIPS 204 §3.4)

// One struct and one context for the life of the process, written anew for each signature. Calls of the token are synchronous, so no two
// signatures meet here; and memory that is never freed cannot be freed while the token reads it. A pointer to a struct of each call could.
const struct = Buffer.from(new ArrayBuffer(STRUCT_BYTES))
struct.writeBigUInt64LE(CKH_HEDGE_PREFERRED, 0)
struct.writeBigUInt64LE(contextAddress, 8)

/** The mechanism parameter for this context. Valid until the next call. Throws INPUT_INVALID. */
export function additionalContext(ctx: Uint8Array): Buffer {
  if (ctx.length > MAX_CONTEXT_BYTES) throw new SealstoneError('INPUT_INVALID', `context is ${ctx.length} bytes, want at most ${MAX_CONTEXT_BYTES}`)
  contextMemory.set(ctx)
  struct.writeBigUInt64LE(BigInt(ctx.length), 16)
  return struct
}
