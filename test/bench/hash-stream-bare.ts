/** The yardsticks of HashStream: a bare HTTP/2 server that hashes whatever comes, framing and all, and says OK; with `sink` it hashes nothing. */
import { createHash } from 'node:crypto'
import { createServer, type ServerHttp2Stream } from 'node:http2'

const [, , socket = '', kind = 'sha256'] = process.argv
const server = createServer({ settings: { initialWindowSize: 16 * 1024 * 1024, maxFrameSize: 1024 * 1024 } })
server.on('session', (session) => session.setLocalWindowSize(16 * 1024 * 1024))
server.on('stream', (stream: ServerHttp2Stream) => {
  const hash = createHash('sha256')
  stream.on('data', (piece: Buffer) => void (kind === 'sink' || hash.update(piece)))
  stream.on('end', () => {
    hash.digest()
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(Buffer.alloc(5)) // an empty message
  })
})
server.listen(socket, () => process.send?.('ready'))
