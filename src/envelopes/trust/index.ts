/** envelopes/trust: trust files and nothing else, for whoever verifies in a browser: no module of Node is behind this door. */
export { parseTrustFile } from './signed-trust.ts'
export type { TrustedKey, TrustFile } from './trust-file.ts'
export { keyFingerprint } from './key-fingerprint.ts'
