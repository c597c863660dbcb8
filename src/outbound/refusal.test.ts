import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseConnector } from './connectors/connector.ts'
import { credentialRefused, refusalNeedsBody, refusalText } from './refusal.ts'

const HEAD = 'id: acme\nname: Acme\ndocs: https://acme.example\nscheme: basic\nbase_url: https://acme.example\n'
const strict = parseConnector(`${HEAD}rejected_when: [{ status: 403, body: Invalid }, { status: 419 }]\n`, 'acme.yaml')
const answering = parseConnector(`${HEAD}unauthorized: answer\n`, 'acme.yaml')

describe('refused credential', () => {
  it('401 always is one, unless the connector calls it an answer', () => {
    expect(credentialRefused(strict, 401)).toBe(true)
    expect(credentialRefused(answering, 401)).toBe(false)
  })

  it('403 is one only with the body that the connector names', () => {
    expect(credentialRefused(strict, 403, '{"error":"Invalid"}')).toBe(true)
    expect(credentialRefused(strict, 403, '{"error":"Not allowed"}')).toBe(false)
    expect(credentialRefused(answering, 403, 'Invalid')).toBe(false)
  })

  it('the body is needed only where the status does not decide', () => {
    expect([200, 401, 403, 419].map((status) => refusalNeedsBody(strict, status))).toEqual([false, false, true, false])
  })
})

describe('a refusal that comes packed', () => {
  const refusal = Buffer.from('{"error":"Invalid username or password"}')
  it.each([
    ['gzip', gzipSync(refusal)],
    ['x-gzip', gzipSync(refusal)],
    ['GZIP', gzipSync(refusal)],
    ['deflate', deflateSync(refusal)],
    ['br', brotliCompressSync(refusal)],
    ['zstd', zstdCompressSync(refusal)],
    ['identity', refusal],
    ['made-up', refusal],
    [undefined, refusal],
  ])('%s is read', (encoding, body) => {
    expect(refusalText(body, encoding)).toBe(refusal.toString())
  })

  it('what is not what it says, or is a bomb, is read as it came', () => {
    expect(refusalText(refusal, 'gzip')).toBe(refusal.toString())
    expect(refusalText(gzipSync(Buffer.alloc(10_000_000)), 'gzip').length).toBeLessThan(65_536)
    expect(refusalText(Buffer.alloc(0), 'gzip')).toBe('')
  })
})
