/** mcp sign-artifact and verify-artifact, as the command line shows them. */
import type { CommandDeclaration } from '../command.ts'
import {
  CONNECTION_OPTIONS,
  KEY_VERSION_OPTION,
  PROGRESS_OPTION,
  PROTECTION_OPTION,
  PUBLIC_KEY_OPTION,
  REQUIRE_OPTION,
  SIGNING_KEY_OPTION,
  TRUST_OPTION,
  TRUST_ROOT_OPTION,
} from './options.ts'

const ARTIFACT = { syntax: '<path>', description: 'a bundle (.mcpb), a skill (a directory with SKILL.md) or an A2A agent card (JSON)' }

export const ARTIFACT_COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'sign-artifact',
    operands: [ARTIFACT],
    summary: 'sign an MCP bundle, an agent skill or an A2A agent card',
    description:
      'What it is is seen by what is in it. The signature is PATH.hybrid.sig beside a file; a skill gets skill.hybrid.sig and skill.oms.sig, which every ' +
      'OpenSSF Model Signing tool verifies. A bundle is refused where two programs could see different files in it.',
    options: [SIGNING_KEY_OPTION, KEY_VERSION_OPTION, PROGRESS_OPTION, ...CONNECTION_OPTIONS],
    examples: [
      ['sealstone mcp sign-artifact files-1.2.0.mcpb', 'writes files-1.2.0.mcpb.hybrid.sig'],
      ['sealstone mcp sign-artifact skills/pdf --key skills', 'writes skill.oms.sig and skill.hybrid.sig into it'],
      ['sealstone mcp sign-artifact agent-card.json', 'what the card says, whatever its layout'],
    ],
    load: () => import('../commands/mcp-sign-artifact.ts'),
  },
  {
    name: 'verify-artifact',
    operands: [ARTIFACT],
    summary: 'verify an MCP bundle, an agent skill or an A2A agent card',
    description: 'Offline, against a trust file: --trust, else trust.json of the state directory. Exit 0: as signed, 1: not.',
    options: [
      TRUST_OPTION,
      PUBLIC_KEY_OPTION,
      { ...TRUST_ROOT_OPTION, description: 'trust certificates issued by this root; for skills of others; may be repeated' },
      { flags: '--hybrid-signature <file>', description: 'default PATH.hybrid.sig, or skill.hybrid.sig in the skill' },
      { ...REQUIRE_OPTION, description: 'signature that must be there; default hybrid, of a skill what the key demands' },
      PROTECTION_OPTION,
    ],
    examples: [
      ['sealstone mcp verify-artifact files-1.2.0.mcpb', 'before a host installs it'],
      ['sealstone mcp verify-artifact skills/pdf --trust trust.json --json', 'with a trust file that you were given, for programs'],
      ['sealstone mcp verify-artifact skills/pdf --trust-root root.pem', 'a skill that somebody else signed with a certificate'],
    ],
    load: () => import('../commands/mcp-verify-artifact.ts'),
  },
]
