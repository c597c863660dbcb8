import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { listen } from './loopback.ts'
import { RawHttpError, rawLines, rawRequest } from './raw_http.ts'

const servers: { down(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.down()))
})

/** A socket server that notes the bytes and answers these, in pieces. */
async function answering(pieces: string[], then: (socket: Socket) => void = () => {}) {
  const received: Buffer[] = []
  const server = createServer(async (socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => received.push(Buffer.from(chunk)))
    // Whoever answers before he was asked ends the question.
    await once(socket, 'data')
    for (const piece of pieces) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      socket.write(Buffer.from(piece, 'latin1'))
    }
    then(socket)
  })
  const loopback = await listen(server)
  servers.push(loopback)
  return { port: loopback.port, received: () => Buffer.concat(received) }
}

const GET = rawLines('GET / HTTP/1.1', 'Host: a')

describe('what is sent', () => {
  it('the bytes go out as they are: NUL, bare LF, folds, duplicates, framing twice', async () => {
    const bytes = Buffer.from(
      'POST http://a/\0 HTTP/1.1\nHost: a\r\nHost: b\r\n X: fold\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n\xff',
      'latin1',
    )
    const { port, received } = await answering(['HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'])
    await rawRequest(port, bytes)
    expect(received()).toEqual(bytes)
  })

  it('lines end in CRLF and the head in a blank line', () => {
    expect(String(rawLines('GET / HTTP/1.1', 'Host: a'))).toBe('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  })

  it('what follows an empty line is the body', () => {
    expect(String(rawLines('POST / HTTP/1.1', '', 'one', 'two'))).toBe('POST / HTTP/1.1\r\n\r\none\r\ntwo')
  })

  it('a string with characters of more than a byte is refused', () => {
    expect(() => rawLines('GET /€ HTTP/1.1')).toThrow(TypeError)
  })
})

describe('what is read', () => {
  it('status, headers in order with duplicates, and a body of a stated length', async () => {
    const { port } = await answering([
      'HTTP/1.1 404 Not ',
      'Found\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 4\r\n\r\nbo',
      'dymore',
    ])
    const answer = await rawRequest(port, GET)
    expect(answer).toMatchObject({ status: 404, statusText: 'Not Found', interim: [] })
    expect(answer.rawHeaders).toEqual(['X-A', '1', 'x-a', '2', 'Content-Length', '4'])
    expect([answer.header('X-a'), answer.header('none'), String(answer.body)]).toEqual(['1', undefined, 'body'])
  })

  it('a chunked body, joined, with trailers left in `all`', async () => {
    const { port } = await answering([
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
      '2;x=y\r\nde\r\n0\r\nX-T: 1\r\n',
      '\r\n',
    ])
    const answer = await rawRequest(port, GET)
    expect(String(answer.body)).toBe('abcde')
    expect(String(answer.all)).toContain('X-T: 1')
  })

  it('a body that ends with the connection', async () => {
    const { port } = await answering(['HTTP/1.0 200 OK\r\n\r\nall ', 'of it'], (socket) => socket.end())
    expect(String((await rawRequest(port, GET)).body)).toBe('all of it')
  })

  it('no body for HEAD, 204 and 304, whatever the length says', async () => {
    const head = await answering(['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'])
    expect((await rawRequest(head.port, rawLines('HEAD / HTTP/1.1', 'Host: a'))).body).toHaveLength(0)
    const none = await answering(['HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'])
    expect((await rawRequest(none.port, GET)).body).toHaveLength(0)
  })

  it('the final answer after interim ones', async () => {
    const { port } = await answering([
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    ])
    expect(await rawRequest(port, GET)).toMatchObject({ status: 200, interim: [100, 103] })
  })
})

describe('what fails', () => {
  it.each([
    ['a body cut short', ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'], /closed before/],
    ['a close without an answer', [], /closed before/],
    ['something that is not HTTP', ['hello\r\n\r\n'], /Not a status line/],
  ])('%s', async (_, pieces, message) => {
    const { port } = await answering(pieces, (socket) => socket.end())
    await expect(rawRequest(port, GET)).rejects.toThrow(message)
  })

  it('a reset is not the end of a body', async () => {
    const { port } = await answering(['HTTP/1.1 200 OK\r\n\r\npart'], (socket) =>
      setTimeout(() => socket.resetAndDestroy(), 10),
    )
    await expect(rawRequest(port, GET)).rejects.toThrow(/ECONNRESET/)
  })

  it('no answer in time, and what came so far is told', async () => {
    const { port } = await answering(['HTTP/1.1 200 OK\r\n'])
    const error = await rawRequest(port, GET, { timeoutMs: 40 }).catch((reason) => reason)
    expect(error).toBeInstanceOf(RawHttpError)
    expect(String(error.received)).toBe('HTTP/1.1 200 OK\r\n')
  })
})
