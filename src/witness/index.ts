/** witness: cosigns the checkpoints of other people's logs, as long as each goes on from the one before (c2sp.org/tlog-witness). */
export { checkWitnessName, initWitness, runWitness } from './run-witness.ts'
