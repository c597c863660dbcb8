import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseConnector } from '../connectors/connector.ts'
import type { ExchangeContext, StepAnswer, StepRequest } from '../exchange.ts'
import type { ConnectionSecrets, OutgoingRequest } from '../scheme.ts'
import { oauth1 } from './oauth1.ts'

const HEAD = 'id: acme\nname: Acme\ndocs: https://acme.example\nscheme: oauth1\nbase_url: https://acme.example\n'
const connector = (section = '') => parseConnector(`${HEAD}${section}`, 'acme.yaml')
const LEGS =
  'request_token_url: https://acme.example/initiate?scope=a, authorize_url: https://acme.example/authorize?lang=fr, access_token_url: https://acme.example/token'
const plain = connector()
const threeLegs = connector(`oauth1: { ${LEGS}, realm: Photos, identity: user_id }`)
const secrets = { consumer_key: 'ck', consumer_secret: 'cs', token: 't', token_secret: 'ts' }
const fixed: ConnectionSecrets = { connector: plain, settings: {}, secrets }
const app: ConnectionSecrets = {
  connector: threeLegs,
  settings: {},
  secrets: { consumer_key: 'ck', consumer_secret: 'cs' },
}

const request: OutgoingRequest = {
  method: 'GET',
  origin: 'https://acme.example',
  path: '/a',
  query: 'b=1',
  headers: [],
  body: null,
  params: {},
  now: Date.UTC(2026, 0, 2),
}
const header = (connection: ConnectionSecrets) => oauth1.sign(connection).perRequest?.sign(request).headers[1] as string

/** A service that gives the answers in turn; its requests are kept. */
function service(...answers: readonly (readonly [status: number, text: string, headers?: Record<string, string>])[]) {
  const requests: StepRequest[] = []
  const context: ExchangeContext = {
    now: () => Date.UTC(2026, 0, 2),
    fetch: async (step): Promise<StepAnswer> => {
      const [status, text, headers] = answers[requests.push(step) - 1] ?? [599, 'unexpected']
      return { status, text, headers: new Headers(headers) }
    },
  }
  return { context, requests }
}
const consent = oauth1.exchange?.consent
const redirect = { redirectUri: 'https://octroi.example/connect/callback/acme', state: 's&1' }
const keep = { oauth_token: 'tmp', oauth_token_secret: 'tmps' }
const callback = (params: Record<string, string>) => ({ params, redirectUri: redirect.redirectUri, keep })

describe('a token that is given', () => {
  it('requires the pair of the application and the pair of the token, under other names too', () => {
    const fields = oauth1.requires(plain)
    expect(Object.keys(fields)).toEqual(['consumer_key', 'consumer_secret', 'token', 'token_secret'])
    expect(fields.token?.aliases).toContain('oauth_token')
    expect([fields.consumer_secret?.scope, fields.token_secret?.scope]).toEqual(['app', undefined])
  })

  it('signs every request with a nonce of its own', () => {
    expect(header(fixed)).toMatch(/^OAuth oauth_consumer_key="ck", oauth_token="t", .*oauth_nonce="[0-9a-f]{32}"/)
    expect(header(fixed)).not.toBe(header(fixed))
    expect(oauth1.names(fixed)).toMatchObject({ headers: ['authorization'] })
    expect(oauth1.names(fixed).query).toEqual(expect.arrayContaining(['oauth_signature', 'oauth_token']))
  })

  it('needs no person, and its exchange gives what was given, without end', async () => {
    expect(consent?.needed(fixed)).toBe(false)
    const { context, requests } = service()
    expect(await oauth1.exchange?.run(fixed, context)).toEqual({
      values: { oauth_token: 't', oauth_token_secret: 'ts' },
      expiresAt: null,
    })
    expect([requests, oauth1.exchange?.endpoints(fixed)]).toEqual([[], []])
  })

  it('given secrets win over a token of before', () => {
    const changed = { ...fixed, token: { oauth_token: 'old', oauth_token_secret: 'old' } }
    expect(header(changed)).toContain('oauth_token="t"')
    expect(oauth1.injects(changed)).toEqual(secrets)
  })

  it('the body is only read where it is signed', () => {
    const needs = (section: string) => oauth1.sign({ ...fixed, connector: connector(section) }).perRequest?.needsBody
    expect(needs('')).toBe(true)
    expect(needs('oauth1: { sign_form: false }')).toBe(false)
    expect(needs('oauth1: { sign_form: false, body_hash: true }')).toBe(true)
    expect(needs('oauth1: { signature_method: PLAINTEXT }')).toBe(false)
  })

  it('RSA asks for a private key in place of the secret, and says what is wrong with it', () => {
    const rsa = connector('oauth1: { signature_method: RSA-SHA1 }')
    expect(Object.keys(oauth1.requires(rsa))).toEqual(['consumer_key', 'private_key', 'token', 'token_secret'])
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const connection = { connector: rsa, settings: {}, secrets: { ...secrets, private_key: pem } }
    expect(header(connection)).toContain('oauth_signature_method="RSA-SHA1"')
    const broken = { ...connection, secrets: { ...secrets, private_key: 'golden' } }
    expect(() => header(broken)).toThrow('reconnect_required: The secret private_key is neither PEM')
    expect(() => header({ ...connection, secrets })).toThrow('reconnect_required: The secret private_key is missing.')
  })

  it('reconnect_required without a consumer secret', () => {
    expect(() => header({ ...fixed, secrets: { consumer_key: 'ck' } })).toThrow(
      'reconnect_required: The secret consumer_secret is missing.',
    )
  })
})

describe('a token that a person agrees to', () => {
  it('asks for the pair of the application; a token of elsewhere may begin', () => {
    const fields = oauth1.requires(threeLegs)
    expect(fields.token).toMatchObject({ optional: true, begins: 'oauth_token' })
    expect(fields.token_secret).toMatchObject({ optional: true, begins: 'oauth_token_secret' })
    expect(consent?.signInAt(app)).toBe('https://acme.example/authorize?lang=fr')
    expect(oauth1.exchange?.endpoints(app)).toEqual([
      'https://acme.example/initiate?scope=a',
      'https://acme.example/authorize?lang=fr',
      'https://acme.example/token',
    ])
  })

  it('begins with a request token, whose callback has the state', async () => {
    const { context, requests } = service([
      200,
      'oauth_token=tmp&oauth_token_secret=tmps&oauth_callback_confirmed=true',
    ])
    expect(await consent?.begin(app, redirect, context)).toEqual({
      url: 'https://acme.example/authorize?lang=fr&oauth_token=tmp',
      keep,
    })
    expect(requests).toMatchObject([{ method: 'POST', url: 'https://acme.example/initiate?scope=a' }])
    const sent = requests[0]?.headers?.authorization as string
    const state = encodeURIComponent('https://octroi.example/connect/callback/acme?state=s%261')
    expect(sent).toMatch(/^OAuth realm="Photos", oauth_consumer_key="ck", oauth_signature_method="HMAC-SHA1"/)
    expect(sent).toContain(`oauth_callback="${state}"`)
    expect(sent).not.toContain('oauth_token=')
  })

  it('finishes with the access token and who agreed', async () => {
    const { context, requests } = service([200, 'oauth_token=at&oauth_token_secret=ats&user_id=42'])
    const back = callback({ oauth_token: 'tmp', oauth_verifier: 'v' })
    expect(await consent?.finish(app, back, context)).toEqual({
      values: { oauth_token: 'at', oauth_token_secret: 'ats' },
      expiresAt: null,
      identity: '42',
    })
    expect(requests).toMatchObject([{ method: 'POST', url: 'https://acme.example/token' }])
    expect(requests[0]?.headers?.authorization).toMatch(/oauth_token="tmp".*oauth_verifier="v"/)
  })

  it('signs with it, and gives it again for as long as it is there', async () => {
    const connected = { ...app, token: { oauth_token: 'at', oauth_token_secret: 'ats' } }
    expect(header(connected)).toContain('oauth_token="at"')
    expect(oauth1.injects(connected)).toEqual({ ...app.secrets, token: 'at', token_secret: 'ats' })
    expect(await oauth1.exchange?.run(connected, service().context)).toMatchObject({ values: connected.token })
    await expect(oauth1.exchange?.run(app, service().context)).rejects.toThrow(/^human: There is no token/)
  })

  it.each([
    ['another request token', { oauth_token: 'other', oauth_verifier: 'v' }, /another request token/],
    ['no verifier', { oauth_token: 'tmp' }, /no oauth_verifier/],
    ['a refusal', { denied: 'tmp' }, /not allowed to give access\.$/],
    ['a refusal with its reason', { oauth_problem: 'permission_denied' }, /\(permission_denied\)/],
  ])('human: %s, before anything is sent', async (_, params, message) => {
    const { context, requests } = service()
    const finished = consent?.finish(app, callback(params as Record<string, string>), context)
    await expect(finished).rejects.toThrow(message)
    await expect(finished).rejects.toMatchObject({ kind: 'human' })
    expect(requests).toEqual([])
  })

  it.each([
    [
      'human',
      [401, 'oauth_problem=consumer_key_unknown'],
      'The service answered 401 at /initiate (consumer_key_unknown).',
    ],
    ['human', [400, 'oauth_problem=Golden%20secret'], 'The service answered 400 at /initiate.'],
    ['human', [200, 'oauth_token=a&oauth_token_secret=b'], /oauth_callback_confirmed/],
    ['transient', [503, ''], 'The service answered 503 at /initiate.'],
    ['transient', [200, '<html>'], 'The answer has no oauth_token.'],
    ['limited', [429, '', { 'retry-after': '30' }], /429/],
  ] as const)('%s: %j', async (kind, answer, detail) => {
    const begun = consent?.begin(app, redirect, service(answer as [number, string]).context)
    await expect(begun).rejects.toMatchObject({
      kind,
      detail: typeof detail === 'string' ? detail : expect.stringMatching(detail),
      retryAfter: kind === 'limited' ? 30 : undefined,
    })
  })
})

describe('the section', () => {
  it.each([
    ['{ request_token_url: https://acme.example/i }', /belong together/],
    ['{ signature_method: MD5 }', /signature_method/],
    ['{ signature_method: PLAINTEXT, body_hash: true }', /body_hash/],
    ['{ realm: "$' + '{secrets.token}" }', /secrets\.token/],
    ['{ realms: a }', /realms: is not a known key/],
  ])('refuses %s', (section, message) => {
    expect(() => connector(`oauth1: ${section}`)).toThrow(message)
  })
})
