/** policy: who is calling and what they may do. Pure: nothing here asks a network, a clock or a database. */
export { type Allowed, type Decision, decide, decideForSomeKey } from './decide.ts'
export { identityOf, type Peer } from './identity.ts'
export { OPERATION_NAMES, type OperationName, parsePolicyTable, type PolicyRule, type PolicyTable } from './policy-table.ts'
