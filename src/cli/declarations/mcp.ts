/** The mcp commands, as the command line shows them. */
import type { CommandDeclaration, CommandGroup } from '../command.ts'
import { CONNECTION_OPTIONS, positiveInteger } from './options.ts'

export const MCP_COMMANDS: CommandGroup = {
  name: 'mcp',
  summary: 'models and tools for hosts of the Model Context Protocol',
  examples: [['sealstone mcp serve --root ./models', 'a server that verifies the models in a directory']],
  commands: [serve()],
}

function serve(): CommandDeclaration {
  return {
    name: 'serve',
    summary: 'serve verification and the audit log to MCP hosts',
    description:
      'A Model Context Protocol server on standard input and output: hosts start it themselves. Its tools read and change nothing.\n' +
      'Paths are taken below --root only. Configuration for the common hosts is in docs/mcp.md.',
    options: [
      { flags: '--root <directory>', description: 'models in it may be named by path; may be repeated; default none', repeatable: true },
      { flags: '--trust <file>', description: 'trust file; default is trust.json of the state directory' },
      { flags: '--public-key <pem>', description: 'trust this public key; may be repeated', repeatable: true },
      { flags: '--trust-root <pem>', description: 'trust certificates issued by this root; may be repeated', repeatable: true },
      { flags: '--require <kind>', description: 'signature that must be there; default is what the key demands', choices: ['hybrid', 'classical'] },
      { flags: '--require-protection <level>', description: 'how the key must be guarded', choices: ['token', 'hsm'] },
      { flags: '--hash-timeout <seconds>', description: 'for hashing one model; default 600', parse: positiveInteger },
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone mcp serve --root ./models', 'for a host on this machine'],
      ['sealstone mcp serve --root /srv/models --trust trust.json', 'with a trust file that you were given'],
    ],
    load: () => import('../commands/mcp-serve.ts'),
  }
}
