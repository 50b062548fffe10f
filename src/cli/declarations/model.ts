/** sign, verify and hash, as the command line shows them. */
import type { CommandDeclaration } from '../command.ts'
import { CONNECTION_OPTIONS, positiveInteger, PROGRESS_OPTION } from './options.ts'

export const MODEL_COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'sign',
    operands: [{ syntax: '<model>', description: 'directory, or single file' }],
    summary: 'sign a model',
    description:
      'Hashes the model here, has the daemon sign the digests, and writes model.sig (OpenSSF Model Signing v1.0) and\n' +
      'model.hybrid.sig into the directory, or beside a single file. Earlier signatures of the same model are replaced.',
    options: [
      { flags: '--key <name>', description: "name of the signing key; default 'default'" },
      { flags: '--key-version <number>', description: 'version of the key; default is the newest that may sign', parse: positiveInteger },
      { flags: '--ignore <path>', description: 'leave out this file or folder; may be repeated', repeatable: true },
      { flags: '--algorithm <name>', description: 'digest of the files', choices: ['sha256', 'blake2b', 'blake3'] },
      { flags: '--shard-size <bytes>', description: 'digest pieces of this size instead of whole files', parse: positiveInteger },
      { flags: '--signature <file>', description: 'write model.sig here' },
      { flags: '--hybrid-signature <file>', description: 'write model.hybrid.sig here' },
      { flags: '--idempotency-key <text>', description: 'repeat a request: the same key and model get the same answer' },
      {
        flags: '--cache',
        description: 'do not read files again that look as they did when they were hashed before; keeps digests in the state directory',
      },
      PROGRESS_OPTION,
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone sign ./model', 'sign with the key named default'],
      ['sealstone sign ./model --key prod-2026 --json', 'for programs'],
      ['sealstone sign ./model.onnx', 'a single file'],
      ['sealstone sign ./model --cache', 'again, reading only what changed'],
      ['sealstone sign ./model --ignore cache --ignore logs/run.txt', 'leave things out'],
    ],
    load: () => import('../commands/sign.ts'),
  },
  {
    name: 'verify',
    operands: [{ syntax: '<model>', description: 'directory, or single file' }],
    summary: 'verify a model, offline',
    description:
      'Hashes the model and checks model.sig and model.hybrid.sig against a trust file: --trust, else trust.json of the\n' +
      "state directory. No daemon and no network. For other people's signatures name the key or the root to trust.",
    options: [
      { flags: '--trust <file>', description: 'trust file (see: sealstone keys export --trust)' },
      { flags: '--public-key <pem>', description: 'trust this public key; may be repeated', repeatable: true },
      { flags: '--trust-root <pem>', description: 'trust certificates issued by this root; may be repeated', repeatable: true },
      { flags: '--signature <file>', description: 'OMS signature; default is model.sig in the directory, or beside a single file' },
      { flags: '--hybrid-signature <file>', description: 'hybrid signature; default is model.hybrid.sig at the same place' },
      { flags: '--require <kind>', description: 'signature that must be there; default is what the key demands', choices: ['hybrid', 'classical'] },
      {
        flags: '--require-protection <level>',
        description: 'the receipt must say that the key never was outside of a token (token), and that this is not a software token (hsm)',
        choices: ['token', 'hsm'],
      },
      { flags: '--ignore <path>', description: 'do not look at this file or folder; may be repeated', repeatable: true },
      { flags: '--ignore-unsigned-files', description: 'accept files that the signature does not name' },
      { flags: '--allow-symlinks', description: 'follow symbolic links in the model' },
      { flags: '--cached', description: 'believe digests that --cache keeps; those files are not read' },
      PROGRESS_OPTION,
    ],
    examples: [
      ['sealstone verify ./model', 'with the trust file of the state directory'],
      ['sealstone verify ./model --trust trust.json', 'with one that you were given'],
      ['sealstone verify ./model --signature model.sig --public-key signer.pem', "somebody else's key"],
      ['sealstone verify ./model --trust-root ca.pem --ignore-unsigned-files', 'a certificate, other files allowed'],
    ],
    load: () => import('../commands/verify.ts'),
  },
  {
    name: 'hash',
    operands: [{ syntax: '<model>', description: 'directory, or single file' }],
    summary: 'print the digests that a signature would cover',
    options: [
      { flags: '--algorithm <name>', description: 'digest of the files', choices: ['sha256', 'blake2b', 'blake3'] },
      { flags: '--shard-size <bytes>', description: 'digest pieces of this size instead of whole files', parse: positiveInteger },
      { flags: '--ignore <path>', description: 'leave out this file or folder; may be repeated', repeatable: true },
      {
        flags: '--cache',
        description: 'do not read files again that look as they did when they were hashed before; keeps digests in the state directory',
      },
      { flags: '--tensors', description: 'digest of each tensor in safetensors and GGUF files; other files as a whole' },
      PROGRESS_OPTION,
    ],
    examples: [
      ['sealstone hash ./model', 'one line per file, then the root digest'],
      ['sealstone hash ./model --algorithm blake3 --json', 'another digest, for programs'],
      ['sealstone hash ./weights.bin --shard-size 1000000000', 'in pieces'],
      ['sealstone hash ./model --tensors', 'one line per tensor of safetensors and GGUF files'],
    ],
    load: () => import('../commands/hash.ts'),
  },
  {
    name: 'diff',
    operands: [
      { syntax: '<a>', description: 'directory, file, or signature (*.sig)' },
      { syntax: '<b>', description: 'the same' },
    ],
    summary: 'list the files and tensors in which two models differ',
    description:
      'Hashes both and lists what was added, removed, changed or renamed; in safetensors and GGUF files tensor by tensor. Signatures are\n' +
      'compared with what they were made for, file by file; they are not verified. Exit 0: the same, 1: they differ.',
    options: [{ flags: '--all', description: 'every tensor on a line of its own, not grouped by layer' }, PROGRESS_OPTION],
    examples: [
      ['sealstone diff ./base ./fine-tuned', 'which layers moved'],
      ['sealstone diff ./model/model.sig ./model', 'what changed since it was signed'],
      ['sealstone diff old/model.sig new/model.sig --json', 'two releases, for programs'],
    ],
    load: () => import('../commands/diff.ts'),
  },
]
