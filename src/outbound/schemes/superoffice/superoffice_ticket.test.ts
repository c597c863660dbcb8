import { generateKeyPairSync, verify } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { parseConnector } from '../../connectors/connector.ts'
import type { StepAnswer, StepRequest } from '../../exchange.ts'
import { superoffice } from '../superoffice.ts'
import { IDENTITY } from './superoffice_site.ts'
import { mintTicket, signedSystemToken } from './superoffice_ticket.ts'

const app = generateKeyPairSync('rsa', { modulusLength: 2048 })
const vendor = generateKeyPairSync('rsa', { modulusLength: 2048 })
const decoy = generateKeyPairSync('rsa', { modulusLength: 2048 })
const NOW = Date.parse('2026-03-01T23:59:59Z')
const SITE = 'https://sod.superoffice.com'

const connector = parseConnector(
  'id: so\nname: SO\ndocs: https://so.example\nscheme: superoffice\nbase_url: $' +
    `{token.api}\nhosts: ["*.superoffice.com"]\nsuperoffice: { url: "${SITE}" }\n`,
  'so.yaml',
)
const connection = {
  connector,
  settings: {},
  secrets: {
    client_id: 'id',
    client_secret: 'golden',
    private_key: app.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  },
}
const USER = { systemToken: 'My App v1.0-abc', ctx: 'Cust26759', serial: '123' }
const KEYS = {
  keys: [
    { ...decoy.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256' },
    { ...vendor.publicKey.export({ format: 'jwk' }), kid: 'two', alg: 'RS256' },
  ],
}

function jwt(claims: object = {}, { kid = 'two', key = vendor.privateKey } = {}) {
  const own = { iss: 'SuperOffice AS', aud: 'spn:123', exp: NOW / 1000 - 3600 }
  const identity = { [`${IDENTITY}ticket`]: '7T:abc==', [`${IDENTITY}ctx`]: 'Cust26759' }
  return new SignJWT({ ...own, ...identity, ...claims }).setProtectedHeader({ alg: 'RS256', kid }).sign(key)
}

function mint(answer: { status?: number; body?: unknown; text?: string }, of = connection) {
  const sent: StepRequest[] = []
  const fetch = async (request: StepRequest): Promise<StepAnswer> => {
    sent.push(request)
    const isKeys = request.url.endsWith('/login/.well-known/jwks')
    const text = isKeys ? JSON.stringify(KEYS) : (answer.text ?? JSON.stringify(answer.body))
    return { status: isKeys ? 200 : (answer.status ?? 200), headers: new Headers(), text }
  }
  return { sent, result: mintTicket(USER, of, { fetch, now: () => NOW }) }
}
const good = async (claims: object = {}, made = {}) => ({
  body: { IsSuccessful: true, Token: await jwt(claims, made) },
})
const bad = (rest: object) => ({ body: { IsSuccessful: false, Token: null, ...rest } })

describe('a ticket of the system user', () => {
  it('is asked for with the system token and the minute, signed with RSA-SHA256 (PKCS#1 v1.5)', async () => {
    const { sent, result } = mint(await good())
    expect(await result).toBe('7T:abc==')
    expect(sent.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `POST ${SITE}/Login/api/PartnerSystemUser/Authenticate`,
      `GET ${SITE}/login/.well-known/jwks`,
    ])
    const { SignedSystemToken, ...rest } = JSON.parse(sent[0]?.body ?? '')
    expect(rest).toEqual({ ApplicationToken: 'golden', ContextIdentifier: 'Cust26759', ReturnTokenType: 'JWT' })
    const [, data, signature] = /^(My App v1\.0-abc\.202603012359)\.([A-Za-z0-9+/]+=*)$/.exec(SignedSystemToken) ?? []
    expect(verify('sha256', Buffer.from(data ?? ''), app.publicKey, Buffer.from(signature ?? '', 'base64'))).toBe(true)
  })

  it('is signed anew for each request: the minute is that of the moment', () => {
    const at = (time: string) => signedSystemToken('a', app.privateKey, Date.parse(time)).slice(0, 14)
    expect([at('2026-10-25T00:30:00Z'), at('2026-10-25T01:30:59.999Z')]).toEqual(['a.202610250030', 'a.202610250130'])
  })

  it.each([
    ['another issuer', { iss: SITE }, {}, 'iss'],
    ['the audience of an id_token', { aud: 'id' }, {}, 'aud'],
    ['another serial', { aud: 'spn:124' }, {}, 'aud'],
    ['another key under the same kid', {}, { key: decoy.privateKey }, 'signature'],
    ['a key that is not published', {}, { kid: 'three' }, 'no key'],
    ['another tenant', { [`${IDENTITY}ctx`]: 'Cust1' }, {}, 'another tenant'],
    ['no ticket', { [`${IDENTITY}ticket`]: '' }, {}, 'without a ticket'],
    ['a ticket that breaks out of its header', { [`${IDENTITY}ticket`]: 'a\r\nX: 1' }, {}, 'without a ticket'],
  ])('transient for a token of %s', async (_, claims, made, message) => {
    const { result } = mint(await good(claims, made))
    await expect(result).rejects.toMatchObject({ kind: 'transient', detail: expect.stringContaining(message) })
  })

  it.each([
    ['human', 'agree again', { AuthorizeErrorCode: 1 }],
    ['human', 'expired', { AuthorizeErrorCode: '3' }],
    ['human', 'Denied', { ErrorMessage: 'Denied' }],
    ['human', 'NeedsReapproval', { ErrorCode: 5 }],
    ['transient', 'clock', { AuthorizeErrorCode: 6 }],
    ['transient', 'clock', { ErrorMessage: 'Authorization failed: InvalidTimestamp (golden)' }],
    ['human', 'private_key', { AuthorizeErrorCode: 7 }],
    ['human', 'no reason that is known', { ErrorMessage: 'golden' }],
    ['human', 'no reason that is known', { AuthorizeErrorCode: 'constructor', ErrorMessage: null }],
  ])('%s, with %s in the detail, for %j', async (kind, part, rest) => {
    const error = await mint(bad(rest)).result.catch((reason) => reason)
    expect(error).toMatchObject({ name: 'ExchangeError', kind, detail: expect.stringContaining(part) })
    expect(error.detail).not.toContain('golden')
  })

  it.each([
    ['transient', { status: 503, text: '<html>' }],
    ['limited', { status: 429, text: '' }],
    ['human', { status: 400, body: { Message: 'golden' } }],
    ['transient', { text: '<html>maintenance</html>' }],
    ['transient', { body: { IsSuccessful: true, Token: null } }],
  ])('%s for %j', async (kind, answer) => {
    await expect(mint(answer).result).rejects.toMatchObject({ name: 'ExchangeError', kind })
  })

  it('human, without a word of it, for a key that is none', async () => {
    const secrets = { ...connection.secrets, private_key: '<RSAKeyValue><D>golden</D></RSAKeyValue>' }
    const { sent, result } = mint({}, { ...connection, secrets })
    const error = await result.catch((reason) => reason)
    expect(error).toMatchObject({
      kind: 'human',
      detail: expect.stringMatching(/^The secret private_key is not whole/),
    })
    expect([error.message.includes('golden'), sent.length]).toEqual([false, 0])
  })
})

describe('on a request', () => {
  const token = { access_token: '8A:Cust1.x', so_ticket: '7T:abc==', refresh_token: 'r', api: 'a', ctx: 'Cust26759' }

  it('the ticket and the application token with a key, the access token without', () => {
    expect(superoffice.sign({ ...connection, token }).headers).toEqual([
      'Authorization',
      'SOTicket 7T:abc==',
      'SO-AppToken',
      'golden',
    ])
    const { private_key: _, ...secrets } = connection.secrets
    expect(superoffice.sign({ ...connection, secrets, token }).headers).toEqual(['Authorization', 'Bearer 8A:Cust1.x'])
    expect(superoffice.names(connection)).toEqual({ headers: ['authorization', 'so-apptoken'], query: [] })
  })

  it('reconnect_required without a ticket', () => {
    expect(() => superoffice.sign({ ...connection, token: { access_token: 'a' } })).toThrow('reconnect_required')
  })

  it('injects exact names, never the key, and nothing that is absent', () => {
    const client = { oauth_client_id: 'id', oauth_client_secret: 'golden', 'SO-Apptoken': 'golden' }
    expect(superoffice.injects({ ...connection, token })).toEqual({
      ...client,
      oauth_access_token: '8A:Cust1.x',
      oauth_refresh_token: 'r',
      so_ticket: '7T:abc==',
    })
    expect(superoffice.injects(connection)).toEqual(client)
  })
})
