/** suites/portable: the second engine, pure JavaScript (noble), for browsers, as a fallback and as the judge of the native one. No RSA. */
export { portableEngine } from './engine.ts'
