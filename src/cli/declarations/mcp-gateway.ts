/** mcp gateway, as the command line shows it. */
import type { CommandDeclaration } from '../command.ts'
import {
  CONNECTION_OPTIONS,
  PROTECTION_OPTION,
  PUBLIC_KEY_OPTION,
  REQUIRE_OPTION,
  SERVER_OPTIONS,
  TRUST_OPTION,
  TRUST_ROOT_OPTION,
} from './options.ts'

export function gateway(): CommandDeclaration {
  return {
    name: 'gateway',
    operands: [{ syntax: '[command...]', description: 'what starts the MCP server, after --' }],
    summary: 'stand before an MCP server and let through only what was approved',
    description:
      'Hosts start it in place of the server. Before a host sees a tool, all that the server offers is fetched and compared with the signed ' +
      'manifest; what was added, removed, renamed or changed is refused, and the decision goes to the audit log. ' +
      'The server sees PATH, HOME and LANG of the environment, and what --env names.',
    options: [
      ...SERVER_OPTIONS,
      { flags: '--listen <address>', description: 'for hosts that speak HTTP: serve at this loopback address, such as 127.0.0.1:8809' },
      {
        flags: '--manifest <file>',
        description: 'what was signed with: sealstone mcp sign; default is what was approved with: sealstone mcp approve',
      },
      {
        flags: '--mode <mode>',
        description: 'enforce refuses, warn only tells, off does not look; default enforce',
        choices: ['off', 'warn', 'enforce'],
      },
      {
        flags: '--policy <file>',
        description: 'how each server is held, as a policy file says; without a server: stand before all servers in it',
      },
      TRUST_OPTION,
      PUBLIC_KEY_OPTION,
      TRUST_ROOT_OPTION,
      REQUIRE_OPTION,
      PROTECTION_OPTION,
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone mcp gateway --manifest files.hybrid.sig -- npx @modelcontextprotocol/server-filesystem .', 'a server on this machine'],
      ['sealstone mcp gateway --manifest notes.hybrid.sig --url https://notes.example/mcp', 'a server elsewhere'],
      ['sealstone mcp gateway --listen 127.0.0.1:8809 --manifest files.hybrid.sig -- ./server', 'for hosts that connect to a URL'],
      ['sealstone mcp gateway --policy fleet.toml', 'one gateway before all servers of a policy file'],
      ['sealstone mcp gateway --mode warn -- ./server', 'tell what would be refused, and let it through'],
    ],
    load: () => import('../commands/mcp-gateway.ts'),
  }
}
