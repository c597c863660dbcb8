import { exportSPKI, importJWK } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePorts } from '../proxies/program.ts'
import { PlainBrowser } from '../sign_in/browser.ts'
import { type Example, startExample } from './application.ts'
import { newKey, type OddIssuer, startOddIssuer, times } from './odd_issuer.ts'

/** Whom the FastAPI application lets put a sale into the books, and what it makes of the gate's answers. */

const CLIENT = 'till'
const AUDIENCE = 'urn:example:till'
const SALE = { label: 'Vente du jour', amount_cents: 1205, date: '2026-11-22' }

let issuer: OddIssuer
let till: Example

beforeAll(async () => {
  issuer = await startOddIssuer(CLIENT)
  const [port = 0] = await freePorts(1)
  const own = { clientId: CLIENT, clientSecret: 'the secret', octroiKey: 'the key', audience: AUDIENCE }
  till = await startExample({ name: 'fastapi', port, octroiUrl: issuer.url, ...own })
})
afterAll(async () => {
  await till?.stop()
  await issuer.stop()
})
afterEach(() => issuer.reset())

const claims = (more: object = {}): Record<string, unknown> => {
  const whose = { iss: issuer.issuer, aud: AUDIENCE, sub: 'closing', client_id: 'closing', jti: 'j' }
  return { ...times(), ...whose, scope: 'sales.write', ...more }
}
const token = (more: object = {}, header: object = {}, key = issuer.key) =>
  issuer.sign({ typ: 'at+jwt', ...header }, claims(more), key)
const sell = (headers: Readonly<Record<string, string>>, sale: object = SALE) =>
  fetch(`${till.url}/api/sales`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(sale),
  })
const bearer = async (jwt: string | Promise<string>) => sell({ authorization: `Bearer ${await jwt}` })

describe('POST /api/sales', () => {
  it('200 with an access token: the sale goes to Paheko with the key of the application, not with the token', async () => {
    const jwt = await token({ aud: ['urn:another', AUDIENCE], scope: 'sales.read sales.write' })
    const answer = await sell({ authorization: `bearer ${jwt}`, 'idempotency-key': 'closing-42' })
    expect([answer.status, await answer.json()]).toEqual([200, { transaction: 7 }])
    const { headers, body } = issuer.proxied.at(-1)!
    expect(headers.authorization).toBe('Bearer the key')
    expect(headers['idempotency-key']).toBe('closing-42')
    expect(body).toMatchObject({ label: 'Vente du jour', date: '2026-11-22', amount: '12.05', id_year: 'current' })
  })

  it.each<[string, object, object]>([
    ['another audience', { aud: 'urn:another' }, {}],
    ['no audience', { aud: undefined }, {}],
    ['another issuer', { iss: 'https://evil.example' }, {}],
    ['an end an hour ago', { exp: times().iat - 3_600 }, {}],
    ['no end', { exp: undefined }, {}],
    ['a beginning in an hour', { iat: times().iat + 3_600, exp: times().iat + 7_200 }, {}],
    ['the type of an ID token', {}, { typ: 'JWT' }],
    ['no type', {}, { typ: undefined }],
    ['no client', { client_id: undefined }, {}],
    ['an unknown key', {}, { kid: 'unknown' }],
  ])('401 with %s', async (_, more, header) => {
    const { status, headers } = await bearer(token(more, header))
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"'])
  })

  it('401 with an ID token, even one whose audience is the API', async () => {
    for (const aud of [CLIENT, AUDIENCE])
      expect((await bearer(issuer.sign({ typ: 'JWT' }, claims({ aud, nonce: 'n', sid: 's' })))).status).toBe(401)
  })

  it('401 with a wrong signature, with none, with the public key as a secret, with junk', async () => {
    const stranger = await newKey('own')
    const publicKey = await exportSPKI(
      (await importJWK(issuer.published[0]!, 'ES256')) as Parameters<typeof exportSPKI>[0],
    )
    const secret = { kid: 'own', alg: 'HS256', privateKey: Buffer.from(publicKey) }
    const [, payload] = (await token()).split('.')
    const unsigned = Buffer.from('{"alg":"none","typ":"at+jwt","kid":"own"}').toString('base64url')
    const forged = [await token({}, {}, stranger), await token({}, {}, secret), `${unsigned}.${payload}.`]
    for (const jwt of [...forged, `${await token()}x`, 'junk', 'a.b.c', 'é.é.é'])
      expect((await sell({ authorization: `Bearer ${encodeURI(jwt)}` })).status).toBe(401)
    expect((await sell({ authorization: 'Basic dGlsbDpzZWNyZXQ=' })).status).toBe(401)
  })

  it('403 without the scope, 422 with a sale that is none; 401 with nothing', async () => {
    const { status, headers } = await bearer(token({ scope: 'sales.read' }))
    const said = 'Bearer error="insufficient_scope", scope="sales.write"'
    expect([status, headers.get('www-authenticate')]).toEqual([403, said])
    const authorization = `Bearer ${await token()}`
    for (const sale of [
      { ...SALE, amount_cents: 0 },
      { ...SALE, label: '' },
      { ...SALE, date: 'today' },
    ])
      expect((await sell({ authorization }, sale)).status).toBe(422)
    expect((await sell({})).status).toBe(401)
  })

  it('the key set is not read for each token that names an unknown key', async () => {
    expect((await bearer(token())).status).toBe(200)
    const before = issuer.keyReads
    for (let i = 0; i < 10; i++) expect((await bearer(token({}, { kid: `made-up-${i}` }))).status).toBe(401)
    expect(issuer.keyReads - before).toBeLessThanOrEqual(1)
  })

  it('200 with the session of a person at our own page; 403 from another origin, or from none', async () => {
    const browser = new PlainBrowser(till.url)
    const toOctroi = await browser.get('/api/login?next=/%23sales')
    const fromOctroi = await fetch(toOctroi.location ?? '', { redirect: 'manual' })
    expect((await browser.get(fromOctroi.headers.get('location') ?? '')).location).toBe('/#sales')
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    expect((await sell({ cookie, origin: till.url })).status).toBe(200)
    expect((await sell({ cookie, origin: 'http://127.0.0.1:1' })).status).toBe(403)
    expect((await sell({ cookie })).status).toBe(403)
  })
})

describe('what the gate says', () => {
  const octroi = (code: string) => ({ 'octroi-error': code })
  it.each<[string, OddIssuer['odd']['proxy'], number]>([
    ['Paheko does not accept it', { status: 400, body: { error: 'Le champ libellé ne peut rester vide.' } }, 422],
    ['our key is refused', { status: 401, body: {}, headers: octroi('key_expired') }, 503],
    ['our key may not', { status: 403, body: {}, headers: octroi('not_granted') }, 503],
    ['Paheko refuses', { status: 403, body: { error: 'You do not have enough rights' } }, 503],
    ['the gate does not understand us', { status: 400, body: {}, headers: octroi('unsafe_path') }, 503],
    ['Paheko is not there', { status: 502, body: {}, headers: octroi('upstream_unreachable') }, 503],
    ['Paheko answers without a transaction', { status: 200, body: {} }, 503],
  ])('%s: %#', async (_, proxy, status) => {
    issuer.odd.proxy = proxy
    expect((await bearer(token())).status).toBe(status)
  })

  it('503 hands on how long to wait', async () => {
    issuer.odd.proxy = { status: 429, body: {}, headers: { ...octroi('rate_limited'), 'retry-after': '33' } }
    expect((await bearer(token())).headers.get('retry-after')).toBe('33')
  })
})

describe('GET /api/login', () => {
  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/\t/evil.example', 'javascript:alert(1)'])(
    'never leads to %s afterwards',
    async (next) => {
      const browser = new PlainBrowser(till.url)
      const toOctroi = await browser.get(`/api/login?next=${encodeURIComponent(next)}`)
      const fromOctroi = await fetch(toOctroi.location ?? '', { redirect: 'manual' })
      expect((await browser.get(fromOctroi.headers.get('location') ?? '')).location).toBe('/')
    },
  )
})

it('no token, code or secret in its log', async () => {
  const jwt = await token({ scope: '' })
  await bearer(jwt)
  await bearer(`${jwt}x`)
  expect(till.log()).toContain('sale 7 by closing')
  const hidden = [jwt, jwt.split('.')[2] as string, 'the key', 'the secret', 'code-']
  expect(hidden.filter((secret) => till.log().includes(secret))).toEqual([])
})
