import type { IncomingMessage } from 'node:http'
import { OctroiError } from '../core/errors.ts'

/** As much as the library takes. */
const FORM_BYTES = 56 * 1024
/** A form is small: who takes longer to send one holds a socket for nothing. */
const FORM_MS = 15_000

/** The whole body of a POST. Throws `payload_too_large`, and `invalid_request` for one that does not come. */
export function readForm(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const stop = (error: OctroiError) => {
      clearTimeout(late)
      request.removeAllListeners('data').pause()
      reject(error)
    }
    const late = setTimeout(() => stop(unread()), FORM_MS)
    if (Number(request.headers['content-length'] ?? 0) > FORM_BYTES) stop(tooLarge())
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > FORM_BYTES) stop(tooLarge())
      else chunks.push(chunk)
    })
    request.on('end', () => {
      clearTimeout(late)
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
    })
    request.on('error', () => stop(unread()))
    request.on('close', () => stop(unread()))
  })
}

/** The same request, its body to be read once more. */
export function withBody(request: IncomingMessage, body: Buffer): IncomingMessage {
  const again = Object.create(request) as IncomingMessage
  Object.defineProperties(again, {
    readable: { value: true },
    readableEncoding: { value: null },
    iterator: { value: () => (body.length === 0 ? [] : [body]) },
  })
  return again
}

function unread(): OctroiError {
  return new OctroiError('invalid_request', 'The body did not come in time, or not whole.')
}

function tooLarge(): OctroiError {
  return new OctroiError('payload_too_large', `A form has at most ${FORM_BYTES} bytes.`)
}
