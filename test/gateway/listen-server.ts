/** A server on the official SDK, on stdio and in both eras, that shows what a gateway does with its process and its messages. */
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

const met = new Map<string, { readonly count: number; readonly all: PromiseWithResolvers<void> }>()
let [hanging, cancelled] = [0, 0]

function says(text: string): { content: [{ type: 'text'; text: string }] } {
  return { content: [{ type: 'text', text }] }
}

function createServer(): McpServer {
  const server = new McpServer({ name: 'listen', version: '1.0.0' }, { capabilities: { logging: {}, tools: { listChanged: true } } })
  server.registerTool('pid', {}, () => says(String(process.pid)))
  server.registerTool(
    'meet',
    { inputSchema: z.object({ place: z.string(), count: z.number(), say: z.string() }) },
    async ({ place, count, say }, { mcpReq }) => {
      const here = met.get(place) ?? { count: 0, all: Promise.withResolvers<void>() }
      met.set(place, { ...here, count: here.count + 1 })
      if (here.count + 1 === count) here.all.resolve()
      await here.all.promise
      const progressToken = mcpReq._meta?.progressToken
      if (progressToken !== undefined) await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1, message: say } })
      return says(say)
    },
  )
  server.registerTool('hang', {}, async ({ mcpReq }) => {
    hanging++
    await new Promise<void>((resolve) => mcpReq.signal.addEventListener('abort', () => resolve()))
    cancelled++
    return says('never heard')
  })
  server.registerTool('hanging', {}, () => says(`${hanging} hang, ${cancelled} are cancelled`))
  server.registerTool('ask', {}, async ({ mcpReq }) => {
    const params = { messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'who?' } }], maxTokens: 10 }
    const answer = (await mcpReq.send({ method: 'sampling/createMessage', params })) as { content: { text: string } }
    return says(answer.content.text)
  })
  server.registerTool('announce', {}, () => {
    const later = { method: 'notifications/message' as const, params: { level: 'info' as const, data: 'later' } }
    setTimeout(() => void server.server.notification(later).catch(() => {}), 0)
    return says('soon')
  })
  server.registerTool('touch', {}, () => {
    server.sendToolListChanged()
    return says('touched')
  })
  server.registerTool('leave', {}, () => process.exit(7))
  return server
}

serveStdio(createServer)
