/** bench: measures a daemon under load against what its primitives cost by themselves. For operators who choose a token, and for ourselves. */
export { benchSign, type BenchOptions, type BenchReport, type BenchRow } from './bench-sign.ts'
