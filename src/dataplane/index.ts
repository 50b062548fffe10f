/** dataplane: HashService in a process of its own. This door is the daemon's side: start, supervise, drain. */
export { type DataPlane, startDataPlane } from './data-plane.ts'
export type { DataPlaneReport, DataPlaneSettings, Refusal } from './protocol.ts'
