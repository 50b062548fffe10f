/** suites/native: every primitive through node:crypto (OpenSSL 3.5 in the pinned Node). */
export { nativeEngine } from './engine.ts'
