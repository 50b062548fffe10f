/** launch: a verified model handed to a command so that it cannot change between the check and the use. */
export type { Guard } from './guards.ts'
export { type ModelDecision, type PreparedModel, prepareModel } from './prepare-model.ts'
export { keepWatch } from './keep-watch.ts'
export { environmentFor, fillIn } from './hand-over.ts'
export { type ReceivedSignals, receiveSignals } from './signals.ts'
export { startCommand } from './start-command.ts'
export type { Change } from './watch.ts'
