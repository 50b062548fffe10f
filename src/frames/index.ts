/** frames: gRPC's framing straight on HTTP/2. Bytes are handed on as they come; no message of a stream is ever put together. */
export { ByteBudget } from './byte-budget.ts'
export type { CallFacts, FramedCall, FramedMethod, MessageSink } from './method.ts'
export { type FramedServer, type FramedServerOptions, startFramedServer } from './server.ts'
export type { FrameLimits } from './limits.ts'
