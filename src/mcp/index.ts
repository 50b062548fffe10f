/** mcp: our own Model Context Protocol server: verification, keys and the audit log for hosts and the models in them. */
export { type McpHttpServer, serveMcpHttp } from './serve-http.ts'
export { serveMcpStdio } from './serve-stdio.ts'
export type { McpOptions } from './service.ts'
