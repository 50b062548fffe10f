/** mcp sign-artifact and verify-artifact, as the command line shows them. */
import type { CommandDeclaration } from '../command.ts'
import { CONNECTION_OPTIONS, positiveInteger, PROGRESS_OPTION } from './options.ts'

const ARTIFACT = { syntax: '<path>', description: 'a bundle (.mcpb), a skill (a directory with SKILL.md) or an A2A agent card (JSON)' }

export const ARTIFACT_COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'sign-artifact',
    operands: [ARTIFACT],
    summary: 'sign an MCP bundle, an agent skill or an A2A agent card',
    description:
      'What it is is seen by what is in it. The signature is PATH.hybrid.sig beside a file; a skill gets skill.hybrid.sig and skill.oms.sig, which every\n' +
      'OpenSSF Model Signing tool verifies. A bundle is refused where two programs could see different files in it.',
    options: [
      { flags: '--key <name>', description: "name of the signing key; default 'default'" },
      { flags: '--key-version <number>', description: 'default is the newest that may sign', parse: positiveInteger },
      PROGRESS_OPTION,
      ...CONNECTION_OPTIONS,
    ],
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
      { flags: '--trust <file>', description: 'trust file (see: sealstone keys export --trust)' },
      { flags: '--public-key <pem>', description: 'trust this public key; may be repeated', repeatable: true },
      { flags: '--trust-root <pem>', description: 'trust certificates issued by this root; for skills of others', repeatable: true },
      { flags: '--hybrid-signature <file>', description: 'default PATH.hybrid.sig, or skill.hybrid.sig in the skill' },
      {
        flags: '--require <kind>',
        description: 'signature that must be there; default hybrid, of a skill what the key demands',
        choices: ['hybrid', 'classical'],
      },
      { flags: '--require-protection <level>', description: 'how the key must be guarded', choices: ['token', 'hsm'] },
    ],
    examples: [
      ['sealstone mcp verify-artifact files-1.2.0.mcpb', 'before a host installs it'],
      ['sealstone mcp verify-artifact skills/pdf --trust trust.json --json', 'with a trust file that you were given, for programs'],
      ['sealstone mcp verify-artifact skills/pdf --trust-root root.pem', 'a skill that somebody else signed with a certificate'],
    ],
    load: () => import('../commands/mcp-verify-artifact.ts'),
  },
]
