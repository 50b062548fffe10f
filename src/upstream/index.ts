/** upstream: a connection to somebody's MCP server, as a process on stdio or over HTTP, in both eras of the protocol, and bounded. */
export { type ConnectOptions, connectUpstream, type Upstream, type UpstreamTarget } from './connect.ts'
export { type Asker, type Fetched, type FetchedOffer, fetchOffer } from './fetch-offer.ts'
export { type Era, type ServerIdentity } from './identity.ts'
export { UPSTREAM_LIMITS, type UpstreamLimits } from './limits.ts'
