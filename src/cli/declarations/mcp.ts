/** The mcp commands, as the command line shows them. */
import type { CommandDeclaration, CommandGroup } from '../command.ts'
import { ARTIFACT_COMMANDS } from './mcp-artifacts.ts'
import { gateway } from './mcp-gateway.ts'
import { OFFER_COMMANDS } from './mcp-offers.ts'
import {
  CONNECTION_OPTIONS,
  GUARD_OPTIONS,
  KEY_VERSION_OPTION,
  OUTPUT_OPTION,
  positiveInteger,
  PROTECTION_OPTION,
  PUBLIC_KEY_OPTION,
  REQUIRE_OPTION,
  TRUST_OPTION,
  TRUST_ROOT_OPTION,
} from './options.ts'

export const MCP_COMMANDS: CommandGroup = {
  name: 'mcp',
  summary: 'models and tools for hosts of the Model Context Protocol',
  examples: [
    ['sealstone mcp serve --root ./models', 'a server that verifies the models in a directory'],
    ['sealstone mcp sign -- npx -y some-server', 'sign everything that a server offers'],
    ['sealstone mcp gateway --manifest some-server.mcp.hybrid.sig -- npx -y some-server', 'let through only what was signed'],
  ],
  commands: [serve(), ...OFFER_COMMANDS, ...ARTIFACT_COMMANDS, gateway()],
  groups: [registry()],
}

function serve(): CommandDeclaration {
  return {
    name: 'serve',
    summary: 'serve verification and the audit log to MCP hosts',
    description:
      'A Model Context Protocol server on standard input and output: hosts start it themselves. Its tools read and change nothing, ' +
      'but for request_signature, which is there only with --allow-signing, and prepare_model, only with --allow-preparing. ' +
      'Paths are taken below --root only. Configuration for the common hosts is in docs/mcp.md.',
    options: [
      { flags: '--listen <address>', description: 'serve over HTTP at this loopback address instead, such as 127.0.0.1:8808' },
      { flags: '--root <directory>', description: 'models in it may be named by path; may be repeated; default none', repeatable: true },
      TRUST_OPTION,
      PUBLIC_KEY_OPTION,
      TRUST_ROOT_OPTION,
      { ...REQUIRE_OPTION, description: 'signature that must be there; default is what the key demands' },
      PROTECTION_OPTION,
      { flags: '--allow-signing', description: 'offer request_signature: models are signed after a person at the host agreed' },
      { flags: '--signing-key <name>', description: 'key that may be used so; may be repeated, the first is the default', repeatable: true },
      {
        flags: '--signing-root <directory>',
        description: 'only models in it may be signed; may be repeated; default is every --root',
        repeatable: true,
      },
      {
        flags: '--allow-preparing',
        description: 'offer prepare_model: a verified model is guarded for the host, which loads it from the path answered',
      },
      {
        flags: '--guard <way>',
        description: 'of what is prepared; auto: the first that works of clone (copy-on-write), descriptors (files held open) and copy',
        choices: ['auto', 'clone', 'descriptors', 'copy'],
      },
      ...GUARD_OPTIONS,
      { flags: '--require-log', description: "prepare nothing that a daemon's audit log does not know of" },
      { flags: '--hash-timeout <seconds>', description: 'for hashing one model; default 600', parse: positiveInteger },
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone mcp serve --root ./models', 'for a host on this machine'],
      ['sealstone mcp serve --listen 127.0.0.1:8808 --root ./models', 'for hosts that connect to a URL'],
      ['sealstone mcp serve --root /srv/models --trust trust.json', 'with a trust file that you were given'],
      ['sealstone mcp serve --root ./models --allow-preparing', 'a host loads the very files that were verified'],
    ],
    load: () => import('../commands/mcp-serve.ts'),
  }
}

function registry(): CommandGroup {
  const example = 'sealstone mcp registry login --domain example.com --key registry'
  return {
    name: 'registry',
    summary: 'log in to MCP registries as the owner of a domain',
    examples: [[`${example} --registry https://registry.example`, 'a token for publishing']],
    commands: [
      {
        name: 'login',
        summary: 'log in to an MCP registry with a key in the token',
        description:
          'The registry wants the time, signed with a key that the domain publishes. The daemon signs its own clock and nothing else, and the log says so. ' +
          'The key is of suite ed25519 or ecdsa-p384. Without --registry what a registry wants is printed and sent nowhere.',
        options: [
          { flags: '--domain <domain>', description: 'the domain that publishes the key' },
          { flags: '--key <name>', description: 'signing key', mandatory: true },
          KEY_VERSION_OPTION,
          { flags: '--registry <url>', description: 'ask this registry for a token' },
          { flags: '--method <method>', description: 'where the registry finds the key: http (default) or dns', choices: ['http', 'dns'] },
          { flags: '--print-proof', description: 'print what the domain has to publish, and sign nothing' },
          OUTPUT_OPTION,
          ...CONNECTION_OPTIONS,
        ],
        examples: [
          ['sealstone keys create registry --suite ed25519', 'a key for it'],
          ['sealstone mcp registry login --key registry --print-proof', 'for https://example.com/.well-known/mcp-registry-auth or a TXT record'],
          [`${example} --registry https://registry.example -o ~/.mcp_publisher_token`, 'the token, as mcp-publisher reads it'],
          [example, 'what the registry wants, as JSON'],
        ],
        load: () => import('../commands/mcp-registry-login.ts'),
      },
    ],
  }
}
