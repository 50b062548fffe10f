/**
 * What the server scenarios of @modelcontextprotocol/conformance ask for by name, on the official SDK, over Streamable HTTP on the loopback. Run
 * as a program it is the same server on stdio.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { localhostHostValidation, localhostOriginValidation, NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import {
  type CallToolResult,
  type EventStore,
  type GetPromptResult,
  type JSONRPCMessage,
  McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'

export interface ConformanceServer extends AsyncDisposable {
  readonly url: string
}

export async function startConformanceServer(): Promise<ConformanceServer> {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>()
  const [isHostOurs, isOriginOurs] = [localhostHostValidation(), localhostOriginValidation()]
  const http = createServer((request, response) => {
    if (!isHostOurs(request, response) || !isOriginOurs(request, response)) return
    const known = sessions.get(String(request.headers['mcp-session-id']))
    void (async () => {
      if (known !== undefined) return await known.handleRequest(request, response)
      const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (id) => void sessions.set(id, transport),
        eventStore: new MemoryEvents(),
        retryInterval: 500,
      })
      await createConformanceServer().connect(transport)
      await transport.handleRequest(request, response)
    })()
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...sessions.values()].map((transport) => transport.close()))
      http.close()
      http.closeAllConnections()
    },
  }
}

function createConformanceServer(): McpServer {
  const capabilities = { tools: {}, prompts: {}, resources: { subscribe: true }, logging: {}, completions: {} }
  const whole = new McpServer({ name: 'conformance', version: '1.0.0' }, { capabilities })
  const { server } = whole // the lists are given as they are, without what McpServer makes of them
  server.setRequestHandler('tools/list', () => ({ tools: TOOLS.map(({ run: _, ...tool }) => tool) }))
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tool = TOOLS.find(({ name }) => name === params.name)
    if (tool === undefined) throw new Error(`there is no tool ${params.name}`)
    try {
      return await tool.run(params.arguments ?? {}, context)
    } catch (error) {
      return { isError: true, content: [{ type: 'text', text: String(error) }] }
    }
  })
  server.setRequestHandler('prompts/list', () => ({ prompts: PROMPTS.map(({ get: _, ...prompt }) => prompt) }))
  server.setRequestHandler('prompts/get', ({ params }) => {
    const prompt = PROMPTS.find(({ name }) => name === params.name)
    if (prompt === undefined) throw new Error(`there is no prompt ${params.name}`)
    return prompt.get(params.arguments ?? {})
  })
  server.setRequestHandler('resources/list', () => ({
    resources: [
      { uri: 'test://static-text', name: 'text', mimeType: 'text/plain' },
      { uri: 'test://static-binary', name: 'binary', mimeType: 'image/png' },
      { uri: 'test://watched-resource', name: 'watched', mimeType: 'text/plain' },
    ],
  }))
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }],
  }))
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1]
    if (id !== undefined)
      return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }] }
    if (uri === 'test://static-binary') return { contents: [{ uri, mimeType: 'image/png', blob: PNG }] }
    return { contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }] }
  })
  server.setRequestHandler('resources/subscribe', () => ({}))
  server.setRequestHandler('resources/unsubscribe', () => ({}))
  server.setRequestHandler('completion/complete', () => ({ completion: { values: ['paris', 'park'], total: 2, hasMore: false } }))
  return whole
}

interface ConformanceTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: { readonly type: 'object'; readonly [name: string]: unknown }
  run(input: Readonly<Record<string, unknown>>, context: ServerContext): CallToolResult | Promise<CallToolResult>
}

function tool(name: string, run: ConformanceTool['run'], properties: object = {}): ConformanceTool {
  return { name, description: `For the scenario that wants ${name}.`, inputSchema: { type: 'object', properties }, run }
}

function says(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] }
}

async function elicits(context: ServerContext, message: string, properties: object, required: readonly string[] = []): Promise<CallToolResult> {
  const requestedSchema = { type: 'object', properties, required: [...required] }
  const answer = await context.mcpReq.send({ method: 'elicitation/create', params: { message, requestedSchema } })
  const { action, content } = answer as { action: string; content?: object }
  return says(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`)
}

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA=='
const OPTIONS = ['option1', 'option2', 'option3']
const TITLED = [
  { const: 'value1', title: 'First Option' },
  { const: 'value2', title: 'Second Option' },
  { const: 'value3', title: 'Third Option' },
]

const TOOLS: readonly ConformanceTool[] = [
  tool('test_simple_text', () => says('This is a simple text response for testing.')),
  tool('test_image_content', () => ({ content: [{ type: 'image', data: PNG, mimeType: 'image/png' }] })),
  tool('test_audio_content', () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] })),
  tool('test_embedded_resource', () => ({
    content: [
      { type: 'resource', resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' } },
    ],
  })),
  tool('test_multiple_content_types', () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: PNG, mimeType: 'image/png' },
      { type: 'resource', resource: { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}' } },
    ],
  })),
  tool('test_tool_with_logging', async (_, { mcpReq }) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } })
      await sleep(50)
    }
    return says('Tool with logging executed.')
  }),
  tool('test_error_handling', () => ({ ...says('This tool intentionally returns an error for testing'), isError: true })),
  tool('test_tool_with_progress', async (_, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } })
      await sleep(50)
    }
    return says('Tool with progress executed.')
  }),
  tool(
    'test_sampling',
    async ({ prompt }, { mcpReq }) => {
      const messages = [{ role: 'user', content: { type: 'text', text: String(prompt) } }]
      const answer = await mcpReq.send({ method: 'sampling/createMessage', params: { messages, maxTokens: 100 } })
      return says(`LLM response: ${JSON.stringify((answer as { content: unknown }).content)}`)
    },
    { prompt: { type: 'string' } },
  ),
  tool(
    'test_elicitation',
    async ({ message }, context) => {
      const properties = {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      }
      return await elicits(context, String(message), properties, ['username', 'email'])
    },
    { message: { type: 'string' } },
  ),
  tool('test_elicitation_sep1034_defaults', async (_, context) =>
    elicits(context, 'Please look at the defaults.', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  ),
  tool('test_elicitation_sep1330_enums', async (_, context) =>
    elicits(context, 'Please choose.', {
      untitledSingle: { type: 'string', enum: OPTIONS },
      titledSingle: { type: 'string', oneOf: TITLED },
      legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
      untitledMulti: { type: 'array', items: { type: 'string', enum: OPTIONS } },
      titledMulti: { type: 'array', items: { anyOf: TITLED } },
    }),
  ),
  tool('test_reconnection', async (_, { http }) => {
    http?.closeSSE?.()
    await sleep(100)
    return says('Reconnection test completed.')
  }),
  {
    ...tool('json_schema_2020_12_tool', () => says('done')),
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: { address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
      properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
      additionalProperties: false,
    },
  },
]

interface ConformancePrompt {
  readonly name: string
  readonly description: string
  readonly arguments?: { name: string; required: boolean }[]
  get(input: Readonly<Record<string, string>>): GetPromptResult
}

const PROMPTS: readonly ConformancePrompt[] = [
  {
    name: 'test_simple_prompt',
    description: 'A simple one.',
    get: () => ({ messages: [{ role: 'user', content: { type: 'text', text: 'This is a simple prompt for testing.' } }] }),
  },
  {
    name: 'test_prompt_with_arguments',
    description: 'One with arguments.',
    arguments: [
      { name: 'arg1', required: true },
      { name: 'arg2', required: true },
    ],
    get: ({ arg1, arg2 }) => ({
      messages: [{ role: 'user', content: { type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` } }],
    }),
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description: 'One with a resource in it.',
    arguments: [{ name: 'resourceUri', required: true }],
    get: ({ resourceUri = 'test://example-resource' }) => ({
      messages: [
        {
          role: 'user',
          content: { type: 'resource', resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } },
        },
        { role: 'user', content: { type: 'text', text: 'Please process the embedded resource above.' } },
      ],
    }),
  },
  {
    name: 'test_prompt_with_image',
    description: 'One with an image in it.',
    get: () => ({
      messages: [
        { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
        { role: 'user', content: { type: 'text', text: 'Please analyze the image above.' } },
      ],
    }),
  },
]

/** Events of one session, so that a stream can be taken up again. */
class MemoryEvents implements EventStore {
  readonly #events: { readonly id: string; readonly stream: string; readonly message: JSONRPCMessage }[] = []

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const id = `${stream}_${this.#events.length}`
    this.#events.push({ id, stream, message })
    return id
  }

  async replayEventsAfter(lastId: string, { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> }): Promise<string> {
    const at = this.#events.findIndex(({ id }) => id === lastId)
    const stream = this.#events[at]?.stream ?? ''
    for (const event of this.#events.slice(at + 1)) {
      if (event.stream === stream && Object.keys(event.message).length > 0) await send(event.id, event.message)
    }
    return stream
  }
}

if (process.argv[1] === import.meta.filename) serveStdio(createConformanceServer)
