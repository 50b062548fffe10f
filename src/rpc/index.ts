/** rpc: the daemon's gRPC face. Bytes become domain types here, once; nothing below knows of gRPC. */
export type { Listener } from './listener.ts'
export { type RunningServer, type ServerOptions, startServer } from './server.ts'
