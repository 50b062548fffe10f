/** pseudonyms: what stands for a caller in the log, and who it is for those who hold the key. */
export { openPseudonyms, readPseudonymKey, readPseudonymKeys } from './key-file.ts'
export { isPseudonym, pseudonymOf } from './pseudonym.ts'
