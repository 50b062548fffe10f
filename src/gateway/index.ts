/** gateway: stands between a host and an MCP server, and lets through only what was approved. */
export type { Approval, GatewayDecision, HeldServer, Mode, Report } from './approval.ts'
export { DecisionQueue } from './decision-queue.ts'
export { runStdioGateway, type StdioGatewayOptions } from './run-stdio.ts'
export { type HttpGateway, type HttpGatewayOptions, runHttpFleet, runHttpGateway } from './run-http.ts'
export { HOSTING_LIMITS, type HostingLimits } from './process-limits.ts'
export { addressText, type FleetServer, type GatewayPolicy, parsePolicy, type ServerAddress, type ServerRule } from './policy-file.ts'
export { type FleetGatewayOptions, runFleetGateway } from './run-fleet.ts'
