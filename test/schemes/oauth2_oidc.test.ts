import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import type { StepRequest } from '../../src/outbound/exchange.ts'
import { oauth2 } from '../../src/outbound/schemes/oauth2.ts'
import { call } from '../support/vendors/calling.ts'
import { type OidcProvider, startOidcProvider } from '../support/vendors/oidc_provider.ts'

const REDIRECT = 'https://gate.example/connect/callback/acme'
const exchange = oauth2.exchange!
const context = { now: Date.now, fetch: overSocket }
let provider: OidcProvider

beforeEach(async () => {
  provider = await startOidcProvider({ redirectUris: [REDIRECT] })
})
afterEach(() => provider.stop())

async function overSocket({ method, url, headers, body }: StepRequest) {
  const response = await fetch(url, { method, redirect: 'manual', headers: { ...headers }, body: body ?? null })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function connection(section = '', secrets: object = { client_secret: provider.clientSecret }) {
  const at = (path: string) => `"${provider.url}${path}"`
  const connector = parseConnector(
    `id: acme
name: Acme
docs: https://acme.example
scheme: oauth2
base_url: ${provider.url}
secrets: { client_secret: { title: Secret, optional: true } }
oauth2: { authorization_url: ${at('/auth')}, token_url: ${at('/token')}, revocation_url: ${at('/token/revocation')},
  jwks_uri: ${at('/jwks')}, issuer: ${at('')}, iss_required: true, scope: openid offline_access,
  authorize_params: { prompt: consent }, identity: { from: id_token, path: [sub] }, ${section} }
`,
    'acme.yaml',
  )
  return { connector, settings: {}, secrets: { client_id: provider.clientId, ...secrets } }
}

/** Follows redirects with a jar of cookies, as a browser does, until they leave the provider. */
async function browse(address: string): Promise<Record<string, string>> {
  const cookies = new Map<string, string>()
  let next = address
  for (let hops = 0; next.startsWith(provider.url); hops++) {
    if (hops > 10) throw new Error(`still at ${next}`)
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const { headers } = await call(`GET ${next}`, { headers: { Cookie: cookie } })
    for (const set of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    next = new URL(headers.get('location') ?? 'none:', next).href
  }
  return Object.fromEntries(new URL(next).searchParams)
}

async function consent(held = connection()) {
  const { url, keep } = await exchange.consent!.begin(held, { redirectUri: REDIRECT, state: 'st' }, context)
  const params = await browse(url)
  const finish = (changed: object = {}) =>
    exchange.consent!.finish(held, { params, redirectUri: REDIRECT, keep: { ...keep, ...changed } }, context)
  return { params, finish }
}

const resource = (token: string | undefined) =>
  call(`GET ${provider.url}/resource`, { headers: { Authorization: `Bearer ${token}` } })

it('a certified provider: PKCE, iss, a verified id_token, rotation, revocation', async () => {
  const held = connection()
  const { params, finish } = await consent(held)
  expect(params).toMatchObject({ state: 'st', iss: provider.issuer })
  const first = await finish()
  expect(first).toMatchObject({ identity: provider.subject, expiresAt: expect.any(Number) })
  expect((await resource(first.values.access_token)).body.sub).toBe(provider.subject)

  const second = await exchange.run({ ...held, token: first.values }, context)
  expect(second.values.refresh_token).not.toBe(first.values.refresh_token)
  expect(second.identity).toBe(provider.subject)

  await exchange.revoke!({ ...held, token: second.values }, context)
  expect((await resource(second.values.access_token)).status).toBe(401)
  await expect(exchange.run({ ...held, token: second.values }, context)).rejects.toMatchObject({
    kind: 'human',
    detail: expect.stringContaining('invalid_grant'),
  })
})

it('a public client proves itself with its verifier alone', async () => {
  const { finish } = await consent(connection('', { client_id: provider.publicClientId }))
  expect((await finish()).identity).toBe(provider.subject)
})

it.each([
  [{ verifier: 'w'.repeat(43) }, 'invalid_grant'],
  [{ nonce: 'of another sign-in' }, 'nonce'],
])('human with %j', async (changed, detail) => {
  const { finish } = await consent()
  await expect(finish(changed)).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining(detail) })
})

it('a code that is used twice is refused, and ends what came of it', async () => {
  const { finish } = await consent()
  const { values } = await finish()
  await expect(finish()).rejects.toMatchObject({ kind: 'human' })
  expect((await resource(values.access_token)).status).toBe(401)
})
