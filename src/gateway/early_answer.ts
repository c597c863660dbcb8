import type { IncomingMessage, ServerResponse } from 'node:http'

const LINGER_MS = 1_500

/**
 * The caller is still sending: the connection ends with this answer (RFC 9112 §9.3), but only after he had the time to read it. A
 * socket that is closed while bytes are unread is reset, and a reset can overtake the answer.
 */
export function answerEarly(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: { readonly status: number; readonly headers: readonly string[]; readonly body: string },
): void {
  response.writeHead(status, [...headers, 'Connection', 'close'])
  response.write(body)
  const close = () => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(close, LINGER_MS)
  request.once('end', close).once('close', close)
  request.resume()
}
