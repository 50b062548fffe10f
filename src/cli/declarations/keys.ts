/** The keys commands, as the command line shows them. */
import type { CommandGroup } from '../command.ts'
import { KEY_CHANGE_COMMANDS } from './key-changes.ts'
import { CONNECTION_OPTIONS, OUTPUT_OPTION, positiveInteger } from './options.ts'

export const KEY_COMMANDS: CommandGroup = {
  name: 'keys',
  summary: 'make, list, rotate, retire and export signing keys',
  examples: [
    ['sealstone keys list', 'the keys that you may read'],
    ['sealstone keys rotate default', 'make the next version'],
    ['sealstone keys export --trust -o trust.json', 'what others need to verify'],
  ],
  commands: [
    {
      name: 'list',
      summary: 'list the signing keys',
      options: CONNECTION_OPTIONS,
      examples: [
        ['sealstone keys list', 'name, version, suite, state'],
        ['sealstone keys list --json', 'one object a line'],
      ],
      load: () => import('../commands/keys-list.ts'),
    },
    {
      name: 'show',
      operands: [{ syntax: '<name>', description: 'name of the key' }],
      summary: 'show one key: suite, fingerprints, how it is protected',
      options: [{ flags: '--key-version <number>', description: 'default is the newest', parse: positiveInteger }, ...CONNECTION_OPTIONS],
      examples: [
        ['sealstone keys show default', 'for people'],
        ['sealstone keys show default --key-version 1', 'an older version'],
        ['sealstone keys show default --json', 'for programs'],
      ],
      load: () => import('../commands/keys-show.ts'),
    },
    {
      name: 'export',
      operands: [{ syntax: '[name]', description: 'name of the key; not with --trust' }],
      summary: 'export a public key, a certificate request, a certificate, or the trust file',
      options: [
        { flags: '--companion', description: 'the companion key that signs model.sig, for other OMS tools' },
        { flags: '--key-version <number>', description: 'default is the newest', parse: positiveInteger },
        { flags: '--format <format>', description: 'pem, der or jwk; default pem', choices: ['pem', 'der', 'jwk'] },
        { flags: '--csr', description: 'a certificate request (PKCS#10), signed by the key' },
        { flags: '--certificate', description: 'a certificate that the key signs for itself' },
        { flags: '--subject <name>', description: "whom request or certificate name, such as 'CN=release,O=Example'" },
        { flags: '--days <number>', description: 'how long the certificate holds; default 365', parse: positiveInteger },
        { flags: '--trust', description: 'the trust file: all keys and the keys of the audit log; without a daemon, a copy of trust.json' },
        OUTPUT_OPTION,
        ...CONNECTION_OPTIONS,
      ],
      examples: [
        ['sealstone keys export default', 'the hybrid public key'],
        ['sealstone keys export default --companion -o signer.pem', 'for model_signing verify key'],
        ['sealstone keys export default --format jwk', 'a JSON Web Key'],
        ["sealstone keys export default --companion --csr --subject 'CN=release,O=Example' -o release.csr", 'for a certification authority'],
        ['sealstone keys export --trust -o trust.json', 'for sealstone verify --trust'],
      ],
      load: () => import('../commands/keys-export.ts'),
    },
    ...KEY_CHANGE_COMMANDS,
  ],
}
