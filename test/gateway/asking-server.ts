/** A server on the official SDK with a tool that asks the person before it acts. Usage: asking-server.ts [both|new]. On stdio. */
import { acceptedContent, inputRequired, McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

const ANSWER = z.object({ sure: z.boolean() })

function createServer(): McpServer {
  const server = new McpServer({ name: 'asking', version: '1.0.0' })
  server.registerTool('drop', { description: 'Drops a table.', inputSchema: z.object({ table: z.string() }) }, ({ table }, context) => {
    const given = acceptedContent(context.mcpReq.inputResponses, 'sure', ANSWER)
    if (given?.sure === true) return { content: [{ type: 'text', text: `dropped ${table}` }] }
    return inputRequired({ inputRequests: { sure: inputRequired.elicit({ message: `Drop ${table}?`, requestedSchema: ANSWER }) } })
  })
  return server
}

serveStdio(createServer, { legacy: process.argv[2] === 'new' ? 'reject' : 'serve' })
