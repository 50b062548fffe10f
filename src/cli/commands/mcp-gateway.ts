/**
 * sealstone mcp gateway. Standard output belongs to the protocol, unless it listens. Little is loaded at first, so that a server starts while
 * its manifest is verified.
 */
import { existsSync } from 'node:fs'
import { type Link, openLink, UPSTREAM_LIMITS, type UpstreamTarget } from '#upstream'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import type { ConnectionOptions } from '../connection.ts'
import type { HoldOptions } from './hold-server.ts'
import { parseListen } from './listen-address.ts'
import { serveUntilStopped } from './serve-until-stopped.ts'
import { readEnvironment, type ServerOptions, serverTarget } from './mcp-target.ts'

type Options = ConnectionOptions & ServerOptions & HoldOptions & { listen?: string }

export async function run(context: CommandContext, operands: readonly string[], options: Options): Promise<ExitStatus> {
  const { home, signal } = context
  const { listen } = options
  const policy = options.policy === undefined ? undefined : await (await import('./hold-server.ts')).readPolicy(options)
  if (policy !== undefined && operands.length === 0 && options.url === undefined) {
    return await (await import('./mcp-fleet.ts')).runFleet(context, policy, options)
  }
  const named = serverTarget(operands, options)
  const target = 'url' in named ? named : { ...named, env: readEnvironment(options) }
  const early = startEarly(target, options)
  try {
    const [{ runHttpGateway, runStdioGateway }, { holdServer }, { reportDecisions }] = await Promise.all([
      import('#gateway'),
      import('./hold-server.ts'),
      import('./report-decisions.ts'),
    ])
    await reportDecisions(context, options, async (all) => {
      // Named, so that none of them reads like a line of ours.
      const telling = { ...all, onErrorLine: (line: string) => all.onErrorLine(`server: ${line}`) }
      early?.tell(telling.onErrorLine)
      const held = await holdServer(home, named, options, policy, telling.note)
      if (listen === undefined) {
        const link = early === undefined ? {} : { link: early.link }
        return await runStdioGateway({ ...held, ...telling, ...link, target, input: process.stdin, output: process.stdout, signal })
      }
      await serveUntilStopped(context, await runHttpGateway({ ...held, ...telling, target, ...parseListen(listen) }))
    })
    return EXIT.ok
  } finally {
    await early?.link.then(async (link) => await link.close()).catch(() => {}) // whoever waited for it was told
  }
}

interface EarlyStart {
  readonly link: Promise<Link>
  /** Where the lines of the server's standard error go. */
  tell(onErrorLine: (line: string) => void): void
}

/** Where a manifest is there to be verified; nothing is sent to the server before it was. A policy file has limits of its own, and where it listens each host has a server. */
function startEarly(target: UpstreamTarget, { manifest, policy, listen }: Options): EarlyStart | undefined {
  if (manifest === undefined || policy !== undefined || listen !== undefined || 'url' in target || !existsSync(manifest)) return undefined
  const first: string[] = []
  let onErrorLine = (line: string): void => void first.push(line)
  const link = openLink(target, UPSTREAM_LIMITS, (line) => onErrorLine(line))
  link.catch(() => {}) // told when it is waited for
  const tell: EarlyStart['tell'] = (on) => {
    onErrorLine = on
    for (const line of first.splice(0)) on(line)
  }
  return { link, tell }
}
