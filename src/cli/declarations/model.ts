/** sign, verify and hash, as the command line shows them. */
import type { CommandDeclaration, OptionDeclaration } from '../command.ts'
import {
  CONNECTION_OPTIONS,
  GUARD_OPTIONS,
  KEY_VERSION_OPTION,
  positiveInteger,
  PROGRESS_OPTION,
  PROTECTION_OPTION,
  PUBLIC_KEY_OPTION,
  REQUIRE_OPTION,
  SIGNING_KEY_OPTION,
  TRUST_OPTION,
  TRUST_ROOT_OPTION,
} from './options.ts'

/** What a signature must be, and whom to trust. */
const VERIFY_OPTIONS: readonly OptionDeclaration[] = [
  TRUST_OPTION,
  PUBLIC_KEY_OPTION,
  TRUST_ROOT_OPTION,
  { flags: '--signature <file>', description: 'OMS signature; default is model.sig in the directory, or beside a single file' },
  { flags: '--hybrid-signature <file>', description: 'hybrid signature; default is model.hybrid.sig at the same place' },
  { ...REQUIRE_OPTION, description: 'signature that must be there; default is what the key demands' },
  {
    ...PROTECTION_OPTION,
    description:
      'the receipt must say that the key is in a token or sealed by one, and nowhere else (token), and that this is not a software token (hsm)',
  },
  { flags: '--ignore <path>', description: 'do not look at this file or folder; may be repeated', repeatable: true },
  { flags: '--ignore-unsigned-files', description: 'accept files that the signature does not name' },
  { flags: '--allow-symlinks', description: 'follow symbolic links in the model' },
]

/** What is hashed, and how. */
const HASHING_OPTIONS: readonly OptionDeclaration[] = [
  { flags: '--ignore <path>', description: 'leave out this file or folder; may be repeated', repeatable: true },
  { flags: '--algorithm <name>', description: 'digest of the files', choices: ['sha256', 'blake2b', 'blake3'] },
  { flags: '--shard-size <bytes>', description: 'digest pieces of this size instead of whole files', parse: positiveInteger },
]

const CACHE_OPTION: OptionDeclaration = {
  flags: '--cache',
  description: 'do not read files again that look as they did when they were hashed before; keeps digests in the state directory',
}

export const MODEL_COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'sign',
    operands: [{ syntax: '<model>', description: 'directory, or single file' }],
    summary: 'sign a model',
    description:
      'Hashes the model here, has the daemon sign the digests, and writes model.sig (OpenSSF Model Signing v1.0) and ' +
      'model.hybrid.sig into the directory, or beside a single file. Earlier signatures of the same model are replaced.',
    options: [
      SIGNING_KEY_OPTION,
      KEY_VERSION_OPTION,
      ...HASHING_OPTIONS,
      { flags: '--signature <file>', description: 'write model.sig here' },
      { flags: '--hybrid-signature <file>', description: 'write model.hybrid.sig here' },
      { flags: '--idempotency-key <text>', description: 'repeat a request: the same key and model get the same answer' },
      CACHE_OPTION,
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
      'Hashes the model and checks model.sig and model.hybrid.sig against a trust file: --trust, else trust.json of the ' +
      "state directory. No daemon and no network. For other people's signatures name the key or the root to trust.",
    options: [...VERIFY_OPTIONS, { flags: '--cached', description: 'believe digests that --cache keeps; those files are not read' }, PROGRESS_OPTION],
    examples: [
      ['sealstone verify ./model', 'with the trust file of the state directory'],
      ['sealstone verify ./model --trust trust.json', 'with one that you were given'],
      ['sealstone verify ./model --signature model.sig --public-key signer.pem', "somebody else's key"],
      ['sealstone verify ./model --trust-root ca.pem --ignore-unsigned-files', 'a certificate, other files allowed'],
    ],
    load: () => import('../commands/verify.ts'),
  },
  {
    name: 'run',
    operands: [{ syntax: '<command...>', description: 'what to run, after --' }],
    foreignOperands: true,
    summary: 'run a command on models that were verified and cannot change meanwhile',
    description:
      'Verifies each model as verify does, then starts the command with it: {model} in its arguments and $SEALSTONE_MODEL are where the ' +
      'verified files are, $SEALSTONE_MODEL_ROOT is their digest; {model2}, $SEALSTONE_MODEL_2 and so on for further models. Input, output ' +
      'and signals are those of the command, and so is the exit status; 1, 2 and 3 with an error: line are of sealstone itself. ' +
      'docs/run.md says what each guard keeps out and what it cannot.',
    options: [
      { flags: '--model <path>', description: 'directory, or single file; may be repeated', repeatable: true, mandatory: true },
      {
        flags: '--guard <way>',
        description: 'auto: the first that works of clone (copy-on-write), descriptors (files held open) and copy; none: only looks for changes',
        choices: ['auto', 'clone', 'descriptors', 'copy', 'none'],
      },
      ...GUARD_OPTIONS,
      { flags: '--require-log', description: "start nothing that a daemon's audit log does not know of" },
      ...VERIFY_OPTIONS,
      PROGRESS_OPTION,
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone run --model ./model -- python serve.py {model}', 'starts only if the model verifies'],
      ['sealstone run --model ./model --guard clone -- ./infer --weights {model}/weights.gguf', 'nothing but a clone will do'],
      ['sealstone run --model ./base --model ./adapter -- ./merge {model1} {model2}', 'two models'],
    ],
    ownSignals: true,
    load: () => import('../commands/run-model.ts'),
  },
  {
    name: 'hash',
    operands: [{ syntax: '<model>', description: 'directory, or single file' }],
    summary: 'print the digests that a signature would cover',
    options: [
      ...HASHING_OPTIONS,
      CACHE_OPTION,
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
      'Hashes both and lists what was added, removed, changed or renamed; in safetensors and GGUF files tensor by tensor. Signatures are ' +
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
