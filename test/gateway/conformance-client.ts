/**
 * The client for the client scenarios of @modelcontextprotocol/conformance: the official one, behind a gateway on stdio, so that it is the
 * gateway that speaks HTTP to the server of the scenario. Usage: conformance-client.ts URL; $MCP_CONFORMANCE_SCENARIO names the scenario.
 */
import { Client } from '@modelcontextprotocol/client'
import { approve, clientTransport, startGateway } from './support.ts'

async function main(url: string): Promise<void> {
  const target = { url }
  await using gateway = startGateway(target, await approve(target))
  const client = new Client({ name: 'conformance-host', version: '1' }, { capabilities: { elicitation: { form: { applyDefaults: true } } } })
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: {} }))
  await client.connect(clientTransport(gateway))
  const { tools } = await client.listTools()
  switch (process.env['MCP_CONFORMANCE_SCENARIO']) {
    case 'initialize':
      break
    case 'tools_call':
      await client.callTool({ name: 'add_numbers', arguments: { a: 2, b: 3 } })
      break
    default:
      for (const { name } of tools) await client.callTool({ name, arguments: {} })
  }
  await client.close()
  await gateway.done
}

await main(process.argv[2] ?? '')
