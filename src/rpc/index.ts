/** rpc: the gRPC server. Bytes become domain types here, once; who calls, until when, and what went wrong is told here too. */
export type { RpcLimits } from './limits.ts'
export { type RpcServer, startServer, type StartServerOptions } from './start-server.ts'
