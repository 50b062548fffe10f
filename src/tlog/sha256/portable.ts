/** SHA-256 everywhere else: a browser loads this one. */
export { sha256 } from '@noble/hashes/sha2.js'
