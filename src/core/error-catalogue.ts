/** Every error a caller can meet: code → gRPC status, exit code, whether a retry can help, and the next step. Codes never change meaning. */

export type GrpcStatusName =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELLED'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'INTERNAL'
  | 'UNIMPLEMENTED'

/** 1 verification failed, 2 usage or bad input, 3 daemon or token unavailable. */
export type ExitCode = 1 | 2 | 3

export interface ErrorEntry {
  readonly grpc: GrpcStatusName
  readonly exit: ExitCode
  readonly retryable: boolean
  /** What happened, as it crosses the wire. */
  readonly text: string
  /** What to do next. */
  readonly hint: string
}

export type ErrorCode = keyof typeof ERROR_CATALOGUE

export const ERROR_CATALOGUE = {
  // --- what the caller sent -------------------------------------------------------------------------------------
  USAGE: entry('INVALID_ARGUMENT', 2, 'the command line is not valid', 'run the command with --help to see its options and examples'),
  CONFIG_INVALID: entry('FAILED_PRECONDITION', 2, 'the configuration is not valid', 'correct the named setting in config.toml'),
  INPUT_INVALID: entry('INVALID_ARGUMENT', 2, 'a field of the request is not valid', 'correct the named field'),
  INPUT_TOO_LARGE: entry('INVALID_ARGUMENT', 2, 'the input is over a limit', 'see the limits in docs/format.md'),
  JSON_INVALID: entry('INVALID_ARGUMENT', 2, 'the JSON document is not valid', 'check that the file is complete and was not edited'),
  FORMAT_INVALID: entry('INVALID_ARGUMENT', 2, 'the document does not have the expected format', 'check that the file is complete and of the expected kind'),
  FILE_UNREADABLE: entry('INVALID_ARGUMENT', 2, 'a file cannot be read', 'check the path and its permissions'),
  PATH_INVALID: entry('INVALID_ARGUMENT', 2, 'a path in the model is not allowed', 'use relative paths with / and valid UTF-8 inside the model'),
  MODEL_EMPTY: entry('INVALID_ARGUMENT', 2, 'the model has no files to sign', 'name a model file, or a directory with at least one file'),
  MODEL_SYMLINK: entry('INVALID_ARGUMENT', 2, 'the model contains a symbolic link', 'replace the link by the file it points to, or exclude it with --ignore'),
  MODEL_SPECIAL_FILE: entry('INVALID_ARGUMENT', 2, 'the model contains something that is not a regular file', 'remove it, or exclude it with --ignore'),
  MODEL_CHANGED: entry('FAILED_PRECONDITION', 2, 'a file changed while it was read', 'wait until nothing writes to the model, then try again'),
  OUTPUT_EXISTS: entry('ALREADY_EXISTS', 2, 'the output file exists', 'remove it or name another one'),
  GUARD_UNAVAILABLE: entry('FAILED_PRECONDITION', 2, 'the model cannot be guarded in this way here', 'choose another way with --guard; docs/run.md says what each needs'),
  OUTPUT_UNWRITABLE: entry('FAILED_PRECONDITION', 2, 'the output cannot be written', 'check free space and permissions of the folder'),
  IDEMPOTENCY_CONFLICT: entry('ALREADY_EXISTS', 2, 'this idempotency key was used for other content', 'use a fresh idempotency key for each different request'),
  METHOD_UNKNOWN: entry('UNIMPLEMENTED', 2, 'this listener has no such method', 'check the address: HashService has a listener of its own'),
  COMPRESSION_UNSUPPORTED: entry('UNIMPLEMENTED', 2, 'compressed messages are not taken', 'send messages without compression: model weights hardly get smaller'),
  TICKET_INVALID: entry('INVALID_ARGUMENT', 2, 'a hash ticket is not valid', 'send the ticket of HashService for exactly this file, as the caller that got it'),
  TICKET_EXPIRED: entry('FAILED_PRECONDITION', 2, 'a hash ticket has expired', 'have the file hashed again by HashService; tickets are good for an hour'),
  STREAM_UNKNOWN: entry('NOT_FOUND', 2, 'there is no such stream', 'send the file from its beginning; streams are kept for a time only'),
  STREAM_OFFSET: entry('FAILED_PRECONDITION', 2, 'these are not the next bytes of the stream', 'ask GetHashStream for the offset and go on from there'),
  STREAM_CONFLICT: entry('ALREADY_EXISTS', 2, 'a stream with this id has other settings', 'use a fresh stream_id for each file'),
  OFFER_INVALID: entry('INVALID_ARGUMENT', 2, 'what an MCP server offers cannot be told apart or is malformed', 'ask the maintainer of the server to correct it; do not use it as it is'),
  APPROVAL_INVALID: entry('FAILED_PRECONDITION', 1, 'what was approved of an MCP server cannot be believed', 'find out who changed it; then approve the server anew: sealstone mcp approve'),

  // --- keys, suites, trust --------------------------------------------------------------------------------------
  KEY_UNKNOWN: entry('NOT_FOUND', 2, 'there is no such key', 'list the keys with: sealstone keys list'),
  KEY_EXISTS: entry('ALREADY_EXISTS', 2, 'there is a key with this name already', 'choose another name, or list the keys with: sealstone keys list'),
  KEY_UNUSABLE: entry('FAILED_PRECONDITION', 2, 'the key cannot be used for this', 'look at its state with: sealstone keys show NAME'),
  KEY_STATE_REFUSED: entry('FAILED_PRECONDITION', 2, "the key's state does not allow this", 'look at its state with: sealstone keys show NAME'),
  KEY_INVALID: entry('INVALID_ARGUMENT', 2, 'the key is not valid', 'check that the key file is complete and of a supported type'),
  SUITE_UNKNOWN: entry('INVALID_ARGUMENT', 2, 'there is no such signature suite', 'see docs/suites.md for the names'),
  SUITE_UNSUPPORTED: entry('FAILED_PRECONDITION', 2, 'this suite cannot be used here', 'choose a suite that the token and this build support; see docs/suites.md'),
  TRUST_MISSING: entry('FAILED_PRECONDITION', 2, 'nothing says which key to trust', 'pass --trust FILE; verify also takes --public-key PEM or --trust-root PEM'),
  TRUST_INVALID: entry('INVALID_ARGUMENT', 2, 'the trust file is not valid', 'export it again with: sealstone keys export --trust'),
  TRUST_EXPIRED: entry('FAILED_PRECONDITION', 1, 'the trust file has expired', 'get a fresh one: sealstone keys export --trust'),
  TRUST_ROLLBACK: entry('FAILED_PRECONDITION', 1, 'the trust file is older than one that was used before', 'get a fresh one: sealstone keys export --trust'),
  CERTIFICATE_INVALID: entry('INVALID_ARGUMENT', 2, 'a certificate is not valid', 'check the certificate file'),
  SIGNATURE_MISSING: entry('NOT_FOUND', 1, 'there is no signature', 'sign the model first, or name the signature with --signature'),
  VERIFICATION_FAILED: entry('FAILED_PRECONDITION', 1, 'the signature does not verify', 'do not use the model; fetch it again from its source'),

  // --- MCP servers ----------------------------------------------------------------------------------------------
  MCP_SERVER_UNAVAILABLE: entry('UNAVAILABLE', 3, 'the MCP server does not answer', 'look at its command or URL, and at what it says on standard error', true),
  MCP_SERVER_FAULT: entry('FAILED_PRECONDITION', 1, 'the MCP server breaks the protocol or a limit', 'do not use it before its author has mended it; the limits are in docs/mcp-gateway.md'),
  MCP_BLOCKED: entry('FAILED_PRECONDITION', 1, 'the MCP server does not offer what was approved', 'look at the differences; approve them only if you know why they are there'),
  MCP_UNAPPROVED: entry('FAILED_PRECONDITION', 1, 'nothing says what this MCP server may offer', 'sign what it offers with sealstone mcp sign, or approve it with sealstone mcp approve'),
  MCP_REQUEST_REFUSED: entry('FAILED_PRECONDITION', 2, 'the MCP server refused a request', 'look at what it says, and at its documentation'),

  // --- who may do what ------------------------------------------------------------------------------------------
  UNAUTHENTICATED: entry('UNAUTHENTICATED', 3, 'the caller is not known', 'present a client certificate with a SPIFFE URI or DNS name'),
  PERMISSION_DENIED: entry('PERMISSION_DENIED', 3, 'the policy does not allow this', 'ask the operator for an allow rule in config.toml'),

  // --- daemon, token, log ---------------------------------------------------------------------------------------
  HOME_MISSING: entry('FAILED_PRECONDITION', 3, 'no Sealstone state is set up here', 'run: sealstone init'),
  HOME_EXISTS: entry('ALREADY_EXISTS', 2, 'a Sealstone state is set up here already', 'use it as it is, or name another state directory with SEALSTONE_HOME'),
  HOME_INSECURE: entry('FAILED_PRECONDITION', 3, 'the state directory or a file in it is open to others', 'close it with: chmod -R go= DIRECTORY'),
  DAEMON_RUNNING: entry('FAILED_PRECONDITION', 3, 'another daemon uses this state directory', 'stop the other one first; two would fork the audit log'),
  ADDRESS_UNAVAILABLE: entry('UNAVAILABLE', 3, 'an address cannot be listened on now', 'stop what uses it, or name another address in config.toml'),
  DAEMON_UNAVAILABLE: entry('UNAVAILABLE', 3, 'the daemon does not answer', 'start it with: sealstone serve', true),
  DAEMON_DRAINING: entry('UNAVAILABLE', 3, 'the daemon is shutting down', 'try again when it is back', true),
  SELF_TEST_FAILED: entry('UNAVAILABLE', 3, 'a known-answer test failed; nothing will be signed', 'run: sealstone doctor; do not use this machine until it passes'),
  TOKEN_UNAVAILABLE: entry('UNAVAILABLE', 3, 'the token does not answer', 'run: sealstone doctor', true),
  TOKEN_MISSING: entry('FAILED_PRECONDITION', 3, 'the token was not found', 'check the token URI in config.toml and that the token is plugged in'),
  TOKEN_PIN_REFUSED: entry('FAILED_PRECONDITION', 3, 'the token refused the PIN; it will not be sent again', 'put the right PIN into the PIN file and restart the daemon'),
  TOKEN_UNSUPPORTED: entry('FAILED_PRECONDITION', 3, 'the token cannot do this', 'run sealstone doctor to see what it can do'),
  TOKEN_KEY_MISMATCH: entry('FAILED_PRECONDITION', 3, 'a key in the token is not the recorded one', 'do not sign; find out who changed the token'),
  TOKEN_URI_INVALID: entry('INVALID_ARGUMENT', 2, 'the token URI is not valid', "write it like 'pkcs11:token=NAME;serial=HEX?module-path=/path.so&pin-source=file:/path' (RFC 7512)"),
  SEALED_SEED_INVALID: entry('DATA_LOSS', 3, 'a sealed seed does not open', 'restore the state directory from its backup'),
  RECOVERY_INVALID: entry('FAILED_PRECONDITION', 2, 'a key cannot be recovered', 'look at docs/recovery.md'),
  BACKUP_INVALID: entry('FAILED_PRECONDITION', 2, 'the backup is not whole', 'use another backup; never mend one by hand'),
  SIGNATURE_MISMATCH: entry('INTERNAL', 3, 'a fresh signature did not verify and was not released', 'run: sealstone doctor; look at the audit log'),
  AUDIT_UNAVAILABLE: entry('UNAVAILABLE', 3, 'the audit log cannot be written, so nothing was released', 'free disk space or repair the log, then try again', true),
  AUDIT_CORRUPT: entry('DATA_LOSS', 3, 'the audit log does not match itself', 'stop, keep the files as evidence, restore from backup'),
  COLD_STORAGE_UNREADABLE: entry('UNAVAILABLE', 3, 'old entries of the log cannot be read from where they were moved to', 'mount the directory that audit.cold of config.toml names, or put the file back from a copy', true),
  LOG_UNREACHABLE: entry('UNAVAILABLE', 3, 'a published log cannot be read', 'check its URL or directory, and whether it answers', true),
  TILE_MISSING: entry('NOT_FOUND', 1, 'a published log lacks a part of itself', 'ask its operator; a log that withholds what it signed is not to be trusted'),
  LOG_FORKED: entry('FAILED_PRECONDITION', 1, 'a log contradicts what it signed before', 'keep both checkpoints: together they prove it; ask the operator of the log, and believe neither'),
  LOG_ROLLED_BACK: entry('FAILED_PRECONDITION', 1, 'a log shows fewer entries than it signed before', 'keep both checkpoints; ask the operator of the log whether this is an old copy'),
  WEBHOOK_UNAVAILABLE: entry('UNAVAILABLE', 3, 'the webhook does not take the alerts', 'check its URL and what it answers; the alerts are offered again in the next round', true),
  TIMESTAMP_INVALID: entry('FAILED_PRECONDITION', 1, 'a timestamp is not valid', 'look at the timestamp authority and its certificates'),
  WITNESS_FAILED: entry('UNAVAILABLE', 3, 'a witness did not cosign a checkpoint', 'look at the log of that witness and at its keys; signing goes on without it', true),
  REGISTRY_REFUSED: entry('UNAVAILABLE', 3, 'an MCP registry gives no token', 'look at what it answers, at the proof that the domain publishes, and at the clock of the daemon', true),
  ENTRY_UNKNOWN: entry('NOT_FOUND', 2, 'there is no such audit entry', 'list the entries with: sealstone audit list'),
  DATABASE_UNAVAILABLE: entry('UNAVAILABLE', 3, 'the database cannot be used', 'check the state directory, its disk and permissions', true),
  OVERLOADED: entry('RESOURCE_EXHAUSTED', 3, 'too many requests wait already', 'try again later with a back-off', true),
  MESSAGE_TOO_LARGE: entry('RESOURCE_EXHAUSTED', 2, 'the message is over the size limit', 'send a smaller request; see the limits in docs/format.md'),
  DEADLINE_EXCEEDED: entry('DEADLINE_EXCEEDED', 3, 'the deadline passed', 'allow more time, or look at the load', true),
  CANCELLED: entry('CANCELLED', 3, 'the operation was cancelled', 'start it again if it was not meant to stop', true),
  INTERNAL: entry('INTERNAL', 3, 'an internal error', 'look at the daemon log and report it'),
} as const satisfies Record<string, ErrorEntry>

function entry(grpc: GrpcStatusName, exit: ExitCode, text: string, hint: string, retryable = false): ErrorEntry {
  return { grpc, exit, retryable, text, hint }
}
