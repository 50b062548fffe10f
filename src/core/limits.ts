/** Every bound in one place; docs/format.md lists them for users. Sizes in bytes. */

export const LIMITS = {
  /** One gRPC message, both ways. */
  grpcMessageBytes: 64 * 1024 * 1024,
  /** A signed statement: twice in base64, in both signature files, it must fit into one gRPC message. */
  payloadBytes: 23 * 1024 * 1024,
  /** A signature file: `model.sig` or `model.hybrid.sig`. */
  bundleBytes: 64 * 1024 * 1024,
  trustFileBytes: 4 * 1024 * 1024,
  configFileBytes: 256 * 1024,
  /** Files or shards in one model. */
  resources: 100_000,
  resourceNameBytes: 4096,
  modelNameBytes: 255,
  /** C2SP tlog-tiles: entries are at most 65,535 bytes. */
  leafBytes: 65_535,
  /** The signed note of a log that somebody else keeps, with the signatures of its witnesses. */
  checkpointBytes: 512 * 1024,
  /** One value in the state directory's database: twice the longest answer that is kept for a repeated request. */
  storedValueBytes: 128 * 1024 * 1024,
  /** Validations of a token in a statement on how a key is protected. */
  tokenValidations: 4,
  /** Their levels. */
  validationLevel: 999,
  /** Characters of each text in such a statement. */
  protectionText: 255,
  /** Versions of keys in one state directory, as many as a trust file has room for. */
  keyVersions: 10_000,
  jsonDepth: 32,
  /** Values in a signed statement: of each file an object with some members. */
  statementValues: 1_000_000,
  certificateChain: 10,
  /** Ignored paths in one statement. */
  ignorePaths: 1000,
  /** Signings that may wait in the daemon; one more is refused with OVERLOADED. */
  queuedSignings: 1024,
  /** Requests in one SignBatch. */
  batchSignings: 256,
  /** Entries that may wait for the audit log; one more is refused with OVERLOADED. */
  queuedLeaves: 4096,
  /** The header of a safetensors or GGUF file. */
  tensorHeaderBytes: 100_000_000,
  /** Tensors in one file. */
  tensors: 100_000,
  tensorDimensions: 16,
  /** What an MCP server offers, in canonical form; with its statement it must stay a small part of one gRPC message. */
  offerBytes: 4 * 1024 * 1024,
  /** Tools, prompts, resources, resource templates: of each. */
  offerEntries: 2000,
  /** Values in the whole offer. */
  offerValues: 200_000,
  /** Two less than a statement has, because it lies in one. */
  offerDepth: 30,
  /** Of a tool, prompt or URI, in UTF-16 units. */
  offerNameLength: 1024,
} as const
