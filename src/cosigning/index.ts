/** cosigning: asks witnesses to cosign this log's checkpoints, and knows which have a quorum. */
export { type AskedWitness, Cosigning, type CosigningStatus } from './cosigning.ts'
