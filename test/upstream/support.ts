/** Servers that do what they should not, each a few lines of a Node script on standard input and output. */
import type { UpstreamTarget } from '#upstream'

/**
 * A server that answers the handshake well. `body` is the text of an async function `(message, send, line)`, called with every request after
 * it: `send` writes an object as a message, `line` bytes as they are and waits until they are taken.
 */
export function scriptedServer(body: string, capabilities = '{ tools: {} }'): Extract<UpstreamTarget, { command: string }> {
  const script = `
    const write = (text) => new Promise((resolve) => process.stdout.write(text, resolve))
    const send = (object) => write(JSON.stringify({ jsonrpc: '2.0', ...object }) + '\\n')
    const identity = { protocolVersion: '2025-11-25', capabilities: ${capabilities}, serverInfo: { name: 'scripted', version: '1' } }
    const handle = async (message, send, line) => { ${body} }
    let held = ''
    process.stdin.on('data', (chunk) => {
      const lines = (held + chunk).split('\\n')
      held = lines.pop()
      for (const text of lines) {
        const message = JSON.parse(text)
        if (message.method === 'initialize') void send({ id: message.id, result: identity })
        else if (message.id !== undefined) void handle(message, send, write)
      }
    })
    process.stdin.on('end', () => process.exit(0))`
  return { command: process.execPath, args: ['-e', script] }
}
