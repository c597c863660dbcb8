import { brotliDecompressSync, constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { Connector } from './connectors/connector.ts'

/**
 * Did the service refuse our credential? Any 401 does, unless the connector says that a 401 is an answer like any other;
 * else what the connector lists in `rejected_when`. `body` is the start of the answer, needed where `refusalNeedsBody` says so.
 */
export function credentialRefused(connector: Connector, status: number, body = ''): boolean {
  if (status === 401 && connector.unauthorized === 'rejected') return true
  return connector.rejected_when.some(
    (rule) => rule.status === status && (rule.body === undefined || body.includes(rule.body)),
  )
}

/** Whether an answer of this status cannot be judged without its body. */
export function refusalNeedsBody(connector: Connector, status: number): boolean {
  return !credentialRefused(connector, status) && connector.rejected_when.some((rule) => rule.status === status)
}

const MAX_TEXT = 64 * 1024

/**
 * The body of an answer as text. Callers ask for compressed answers as a matter of course, and a refusal that is not recognised
 * because it came as gzip would pass for a denial of the caller.
 */
export function refusalText(body: Buffer, encoding: string | undefined): string {
  const bytes = encoding === undefined || body.length === 0 ? body : unpacked(body, encoding.trim().toLowerCase())
  return bytes.toString('utf8')
}

/** As much as can be unpacked of what came; at most `MAX_TEXT`, for a bomb is not worth reading. */
function unpacked(body: Buffer, encoding: string): Buffer {
  const zlib = { maxOutputLength: MAX_TEXT, finishFlush: constants.Z_SYNC_FLUSH }
  try {
    switch (encoding) {
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, zlib)
      case 'deflate':
        return inflateSync(body, zlib)
      case 'br':
        return brotliDecompressSync(body, {
          maxOutputLength: MAX_TEXT,
          finishFlush: constants.BROTLI_OPERATION_FLUSH,
        })
      case 'zstd':
        return zstdDecompressSync(body, { maxOutputLength: MAX_TEXT })
      default:
        return body
    }
  } catch {
    return body
  }
}
