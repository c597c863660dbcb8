import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConnector } from '../connectors/connector.ts'
import { signRequest } from '../request_signing.ts'
import type { OutgoingRequest, Values } from '../scheme.ts'
import { signConnection } from '../signing.ts'
import { SCHEMES } from './index.ts'

/** The shipped connectors whose requests are signed, with what their vendors print. */

function signed(id: string, settings: Values, secrets: Values, request: Partial<OutgoingRequest>) {
  const connector = parseConnector(
    readFileSync(join(import.meta.dirname, `../../../connectors/${id}.yaml`), 'utf8'),
    `${id}.yaml`,
  )
  const scheme = SCHEMES[connector.schemes[0] as string]
  const blank = { method: 'GET', path: '/', query: '', headers: [], body: null, params: {}, now: 0 }
  const origin = connector.compiled.base_url.render({ settings }) ?? ''
  const sent = { ...blank, origin, ...request }
  if (scheme === undefined) throw new Error(`${id} names no scheme`)
  return signRequest(signConnection(scheme, { connector, settings, secrets }), sent)
}

describe('duo-admin', () => {
  it('the example of its documentation', () => {
    const secrets = { key_id: 'DIWJ8X6AEYOR5OMC6TQ1', secret: 'Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep' }
    const form = ['Content-Type', 'application/x-www-form-urlencoded']
    const { headers } = signed('duo-admin', { host: 'api-XXXXXXXX.duosecurity.com' }, secrets, {
      method: 'POST',
      path: '/accounts/v1/account/list',
      headers: form,
      body: Buffer.from('username=root&realname=First%20Last'),
      now: Date.UTC(2012, 7, 21, 17, 29, 18),
    })
    const password = '2d97d6166319781b5a3a07af39d366f491234edc'
    expect(headers).toEqual([
      ...form,
      ...['Date', 'Tue, 21 Aug 2012 17:29:18 -0000'],
      ...['Authorization', `Basic ${btoa(`DIWJ8X6AEYOR5OMC6TQ1:${password}`)}`],
    ])
  })
})

describe('emarsys', () => {
  it('the digest is the base64 of the hexadecimal text', () => {
    const { headers } = signed('emarsys', {}, { key_id: 'bob', secret: 's' }, { now: Date.UTC(2026, 0, 2) })
    const [, name, digest = '', nonce, created] =
      /^UsernameToken Username="(.*)", PasswordDigest="(.*)", Nonce="(.*)", Created="(.*)"$/.exec(
        headers[1] as string,
      ) ?? []
    expect([headers[0], name, created]).toEqual(['X-WSSE', 'bob', '2026-01-02T00:00:00Z'])
    expect(atob(digest)).toBe(createHash('sha1').update(`${nonce}${created}s`).digest('hex'))
  })
})

describe('netsuite', () => {
  it('the realm is the account, the signature HMAC-SHA256, and no body is read', () => {
    const secrets = { consumer_key: 'ck', consumer_secret: 'cs', token: 't', token_secret: 'ts' }
    const settings = { account: '1234567-sb1', realm: '1234567_SB1' }
    const { headers } = signed('netsuite', settings, secrets, {})
    expect(headers[1]).toMatch(/^OAuth realm="1234567_SB1", .*oauth_signature_method="HMAC-SHA256"/)
  })
})

describe('aws-s3', () => {
  it('bodies are streamed: the signature says that they are not part of it', () => {
    const settings = { bucket: 'acme', region: 'eu-west-3' }
    const secrets = { access_key_id: 'a', secret_access_key: 's' }
    const { headers } = signed('aws-s3', settings, secrets, { method: 'PUT', path: '/a b', now: Date.UTC(2026, 0, 2) })
    expect(headers).toEqual(expect.arrayContaining(['X-Amz-Content-Sha256', 'UNSIGNED-PAYLOAD']))
    expect(headers.at(-1)).toContain(
      'Credential=a/20260102/eu-west-3/s3/aws4_request, SignedHeaders=host;x-amz-content',
    )
  })
})
