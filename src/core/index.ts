/** core: errors, bytes, canonical JSON, names, time, limits, retries. Imports nothing. */
export {
  compareCodePoints,
  concatBytes,
  equalBytes,
  excerpt,
  fromBase64,
  fromBase64Url,
  fromHex,
  toBase64,
  toBase64Url,
  toHex,
  u64,
  utf8,
  utf8Text,
} from './bytes.ts'
export { canonicalJson, canonicalJsonBytes, type JsonObject, type JsonValue } from './canonical-json.ts'
export { type Clock, systemClock } from './clock.ts'
export { defined } from './defined.ts'
export { ERROR_CATALOGUE, type ErrorCode, type ErrorEntry, type ExitCode, type GrpcStatusName } from './error-catalogue.ts'
export { innermostReason, readBounded } from './foreign-answer.ts'
export { matchesGlob } from './glob.ts'
export { type ErrorOptions, isErrorCode, SealstoneError, toSealstoneError, unreachable } from './errors.ts'
export {
  type IdempotencyKey,
  type Identity,
  type KeyName,
  newOperationId,
  type OperationId,
  parseIdempotencyKey,
  parseIdentity,
  parseKeyName,
  parseOperationId,
} from './ids.ts'
export { isClosedToOthers } from './closed-file.ts'
export { KEY_STATES, type KeyState, type KeyTimes } from './key-state.ts'
export {
  describeHalf,
  describeValidation,
  type HalfProtection,
  KEY_ORIGINS,
  type KeyOrigin,
  type KeyProtection,
  keyProtectionJson,
  parseKeyProtection,
  type TokenValidation,
  VALIDATION_AUTHORITIES,
  VALIDATION_TYPES,
} from './key-protection.ts'
export { readArray, readBoolean, readBytes, readChoice, readObject, readText, readWholeNumber } from './json-fields.ts'
export { LIMITS } from './limits.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
export { type Metrics, silentMetrics, type TimedStep } from './metrics.ts'
export { perObject } from './per-object.ts'
export { cancelled, isTransient, pauseMs, pauseUnless, type RetryOptions, withRetry } from './retry.ts'
export { describe, isJsonObject, parseStrictJson, parseStrictObject, type StrictJsonLimits } from './strict-json.ts'
export { Timeline } from './timeline.ts'
export { cutText, UNSAFE_CHARACTERS, visible } from './visible.ts'
export { silentSpan, silentTracer, type Span, spanned, type SpanFields, type TraceContext, traceFields, type Tracer } from './tracing.ts'
