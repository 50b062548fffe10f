/** A tool as this room declares it, and the one way by which anything leaves: checked, cleaned, as structure and as the same text. */
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
  type ToolAnnotations,
} from '@modelcontextprotocol/server'
import type { z } from 'zod'
import { cancelled, ERROR_CATALOGUE, SealstoneError, toSealstoneError } from '#core'
import { reportProgress } from './progress.ts'
import type { Service } from './service.ts'
import { harmlessDeep, NOTICE, untrusted } from './untrusted.ts'

export interface ToolCall {
  readonly service: Service
  /** Aborted when the host cancels the call or goes away. */
  readonly signal: AbortSignal
  /** Tells the host how far the hashing is, if it asked for that. */
  readonly onProgress: ReturnType<typeof reportProgress>
  readonly context: ServerContext
  /** Of the host: on the connection before 2026-07-28, in each request since. */
  readonly capabilities: ClientCapabilities
}

export interface ToolDeclaration<Input extends z.ZodType, Output extends z.ZodType> {
  readonly name: string
  readonly title: string
  /** For the model that chooses: what it answers, and when to call it. */
  readonly description: string
  readonly input: Input
  /** Without `notice`, which every answer has. */
  readonly output: Output
  /** Whether it asks a daemon, and with it a log that grows: the answer may be another one the next time. */
  readonly asksDaemon: boolean
  readonly annotations?: ToolAnnotations
  run(input: z.output<Input>, call: ToolCall): Promise<z.input<Output> | InputRequiredResult>
}

export type AddTool = (server: McpServer, service: Service) => void

export function tool<Input extends z.ZodObject, Output extends z.ZodObject>(declaration: ToolDeclaration<Input, Output>): AddTool {
  const { name, title, description, input, output, asksDaemon } = declaration
  const annotations = {
    title,
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: asksDaemon,
    ...declaration.annotations,
  }
  return (server, service) => {
    const run = async (given: unknown, context: ServerContext): Promise<CallToolResult | InputRequiredResult> => {
      const { signal } = context.mcpReq
      try {
        const call = { service, signal, context, capabilities: capabilitiesOf(server, context), onProgress: reportProgress(context) }
        const answer = await declaration.run(await checked(input, given), call)
        return 'inputRequests' in answer ? (answer as InputRequiredResult) : toResult(answer)
      } catch (thrown) {
        return toErrorResult(signal.aborted ? cancelled(signal) : thrown)
      }
    }
    server.registerTool(name, { title, description, inputSchema: unchecked(input), outputSchema: output, annotations }, run as never)
  }
}

/** With its JSON Schema, and nothing refused: the library would tell faults in words of its own, with the caller's names of members as they came. */
function unchecked<Schema extends z.ZodType>(schema: Schema): Pick<Schema, '~standard'> {
  return { '~standard': { ...schema['~standard'], validate: (value: unknown) => ({ value: value as z.output<Schema> }) } }
}

/** Throws INPUT_INVALID. */
async function checked<Schema extends z.ZodType>(schema: Schema, given: unknown): Promise<z.output<Schema>> {
  const { success, data, error } = await schema.safeParseAsync(given)
  if (success) return data
  const faults = error.issues.slice(0, MOST_FAULTS).map(({ path, message }) => [...(path.length === 0 ? [] : [path.join('.')]), message].join(': '))
  throw new SealstoneError('INPUT_INVALID', `the arguments are not those of this tool: ${faults.join('; ')}`)
}

function capabilitiesOf(server: McpServer, { mcpReq }: ServerContext): ClientCapabilities {
  const envelope: { readonly [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } = mcpReq.envelope ?? {}
  // oxlint-disable-next-line typescript/no-deprecated -- a host of before 2026-07-28 says it nowhere else
  return envelope[CLIENT_CAPABILITIES_META_KEY] ?? server.server.getClientCapabilities() ?? {}
}

function toResult(answer: object): CallToolResult {
  const structuredContent = harmlessDeep({ notice: NOTICE, ...answer }) as Record<string, unknown>
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent }
}

/** What could not be done, with what to do next. A bad signature is no error: that is an answer. */
function toErrorResult(thrown: unknown): CallToolResult {
  const error = toSealstoneError(thrown)
  const { code, hint } = error
  // Of what nobody foresaw only the code is told: the text may hold anything.
  const message = thrown instanceof SealstoneError ? error.message : ERROR_CATALOGUE[code].text
  const told = { notice: NOTICE, error: { code, message: untrusted(message), nextStep: untrusted(hint), retryable: error.entry.retryable } }
  return { isError: true, content: [{ type: 'text', text: JSON.stringify(harmlessDeep(told)) }] }
}

const MOST_FAULTS = 5
