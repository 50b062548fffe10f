/** mcp sign, verify, diff and approve, as the command line shows them: what a server offers, held against what was approved. */
import type { CommandDeclaration, OptionDeclaration } from '../command.ts'
import {
  CONNECTION_OPTIONS,
  PROTECTION_OPTION,
  PUBLIC_KEY_OPTION,
  REQUIRE_OPTION,
  SERVER_OPTIONS,
  SIGNING_KEY_OPTION,
  TRUST_OPTION,
} from './options.ts'

const SERVER = { syntax: '[server...]', description: 'after --, the command of the server and its arguments' }
const LOOK_ALIKES = { flags: '--allow-look-alikes', description: 'accept names that cannot be told apart by looking' }

/** As the gateway has them, and how to ask. */
const ASKING_OPTIONS: readonly OptionDeclaration[] = [
  ...SERVER_OPTIONS,
  {
    flags: '--host-can <capability>',
    description: 'ask as a host that has it, such as roots, sampling or elicitation: some servers offer more then; may be repeated',
    repeatable: true,
  },
  { flags: '--server-errors', description: 'show what the server writes on its standard error' },
]

export const OFFER_COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'sign',
    operands: [SERVER],
    summary: 'sign everything that an MCP server offers',
    description:
      'Starts the server, or asks the one at --url, for its identity, all tools, prompts and resources, and has the daemon sign the whole of it. ' +
      'The manifest NAME.mcp.hybrid.sig is what sealstone mcp gateway and mcp verify hold the server to.',
    options: [
      SIGNING_KEY_OPTION,
      { flags: '--out <file>', description: 'write the manifest here; default NAME.mcp.hybrid.sig, by the name of the server' },
      { flags: '--full', description: 'show all of what is signed: descriptions to their end, schemas, every member' },
      LOOK_ALIKES,
      ...ASKING_OPTIONS,
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone mcp sign -- npx -y @modelcontextprotocol/server-filesystem /srv/data', 'a server that is started by a command'],
      ['sealstone mcp sign --key tools --out files.mcp.hybrid.sig -- ./files-server', 'another key, another file'],
      ['sealstone mcp sign --url https://mcp.example.com/mcp --header Authorization=FILES_TOKEN', 'a server over HTTP'],
    ],
    load: () => import('../commands/mcp-sign.ts'),
  },
  {
    name: 'verify',
    operands: [{ syntax: '<manifest>', description: 'a file NAME.mcp.hybrid.sig' }, SERVER],
    summary: 'verify a signed manifest, and that a server offers just that',
    description:
      'Checks the manifest offline, against a trust file: --trust, else trust.json of the state directory. With a server it is asked for all that it ' +
      'offers, and each difference is named: added, removed, renamed, changed, duplicated, names that look alike. Exit 0: as signed, 1: not.',
    options: [TRUST_OPTION, PUBLIC_KEY_OPTION, REQUIRE_OPTION, PROTECTION_OPTION, ...ASKING_OPTIONS],
    examples: [
      ['sealstone mcp verify files.mcp.hybrid.sig', 'the signature alone'],
      ['sealstone mcp verify files.mcp.hybrid.sig -- npx -y @modelcontextprotocol/server-filesystem /srv/data', 'and what the server offers now'],
      [
        'sealstone mcp verify files.mcp.hybrid.sig --trust trust.json --json -- ./files-server',
        'with a trust file that you were given, for programs',
      ],
    ],
    load: () => import('../commands/mcp-verify.ts'),
  },
  {
    name: 'diff',
    operands: [
      { syntax: '<a>', description: 'a manifest (*.sig), a pin or an offer (*.json)' },
      { syntax: '[b...]', description: 'the same, or after -- the command of a server' },
    ],
    summary: 'list what two offers of MCP servers differ in',
    description: 'Signatures are not verified. Exit 0: the same, 1: they differ.',
    options: ASKING_OPTIONS,
    examples: [
      ['sealstone mcp diff old.mcp.hybrid.sig new.mcp.hybrid.sig', 'two releases'],
      ['sealstone mcp diff files.mcp.hybrid.sig -- ./files-server', 'a manifest, and what the server offers now'],
      ['sealstone mcp diff files.mcp.hybrid.sig --url https://mcp.example.com/mcp --json', 'for programs'],
    ],
    load: () => import('../commands/mcp-diff.ts'),
  },
  {
    name: 'approve',
    operands: [SERVER],
    summary: 'approve what an MCP server offers, where nobody signed it',
    description:
      'Shows everything that the server offers to its end, asks a person, and keeps it in the state directory as a pin. The gateway then holds the server, by ' +
      'its command or URL, to just that. The approval is an entry of the audit log if a daemon is there. A signed manifest is better: mcp sign.',
    options: [
      { flags: '--yes <digest>', description: 'approve without asking, if what is offered has this digest' },
      LOOK_ALIKES,
      ...ASKING_OPTIONS,
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone mcp approve -- npx -y @modelcontextprotocol/server-filesystem /srv/data', 'look, and type approve'],
      ['sealstone mcp approve -- ./files-server </dev/null | less', 'look page by page; it ends with the digest to approve'],
      ['sealstone mcp approve --yes sha256:DIGEST -- ./files-server', 'for programs: a digest that somebody looked at'],
    ],
    load: () => import('../commands/mcp-approve.ts'),
  },
]
