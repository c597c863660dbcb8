import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { validateSecrets, validateSettings } from '../../src/outbound/connectors/connection_input.ts'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import type { StepRequest } from '../../src/outbound/exchange.ts'
import type { ConnectionSecrets, Values } from '../../src/outbound/scheme.ts'
import { oauth2 } from '../../src/outbound/schemes/oauth2.ts'
import { call, testClock } from '../support/vendors/calling.ts'
import { type HelloAsso, startHelloAsso } from '../support/vendors/helloasso.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'

const clock = testClock()
const REDIRECT = 'https://gate.example/connect/callback/acme'
const exchange = oauth2.exchange!
const context = { now: clock.now, fetch: overSocket }

async function overSocket({ method, url, headers, body }: StepRequest) {
  const response = await fetch(url, { method, redirect: 'manual', headers: { ...headers }, body: body ?? null })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function connect(id: string, settings: Values, secrets: Values): ConnectionSecrets {
  const file = join(import.meta.dirname, `../../connectors/${id}.yaml`)
  const connector = parseConnector(readFileSync(file, 'utf8'), file)
  return {
    connector,
    settings: validateSettings(connector, settings),
    secrets: validateSecrets(connector, 'oauth2', secrets),
  }
}

/** A call of the service with what the scheme puts on it. */
async function calls(connection: ConnectionSecrets, url: string): Promise<number> {
  const { headers } = oauth2.sign(connection)
  return (await call(`GET ${url}`, { headers: { [headers[0]!]: headers[1]! } })).status
}

describe('a server that a person agrees at', () => {
  let server: OAuth2Server
  let connection: ConnectionSecrets

  beforeEach(async () => {
    clock.set('2026-11-21T12:00:00Z')
    server = await startOAuth2Server({ now: clock.now, settings: { redirectUris: [REDIRECT] } })
    connection = connect(
      'generic-oauth2',
      {
        base_url: server.url,
        authorization_url: `${server.url}/authorize`,
        token_url: `${server.url}/token`,
        revocation_url: `${server.url}/revoke`,
        issuer: server.url,
        scope: 'read offline_access',
      },
      { client_id: server.clientId, client_secret: server.clientSecret },
    )
  })
  afterEach(() => server.stop())

  async function consent(held = connection) {
    const { url, keep } = await exchange.consent!.begin(held, { redirectUri: REDIRECT, state: 'st' }, context)
    const answer = await call(`GET ${url}`)
    const params = Object.fromEntries(new URL(answer.headers.get('location') ?? 'none:').searchParams)
    return exchange.consent!.finish(held, { params, redirectUri: REDIRECT, keep }, context)
  }

  it('consent, calls, a refresh after the end, and the end of the grant', async () => {
    const first = await consent()
    expect(first.expiresAt).toBe(clock.now() + 3_600_000)
    const held = { ...connection, token: first.values }
    expect(await calls(held, `${server.url}/resource`)).toBe(200)

    clock.advance(3601)
    expect(await calls(held, `${server.url}/resource`)).toBe(401)
    const second = await exchange.run(held, context)
    expect(second.values.refresh_token).not.toBe(first.values.refresh_token)
    const renewed = { ...connection, token: second.values }
    expect(await calls(renewed, `${server.url}/resource`)).toBe(200)

    await exchange.revoke!(renewed, context)
    expect([server.revocations(), await calls(renewed, `${server.url}/resource`)]).toEqual([2, 401])
    await expect(exchange.run(renewed, context)).rejects.toMatchObject({ kind: 'human' })
  })

  it.each(['rotate', 'keep', 'omit'] as const)('three refreshes in a row where refresh tokens %s', async (rotation) => {
    server.settings.rotation = rotation
    let { values } = await consent()
    for (let turn = 0; turn < 3; turn++) values = (await exchange.run({ ...connection, token: values }, context)).values
    expect([server.granted('refresh_token'), server.familiesKilled()]).toEqual([3, 0])
    expect(await calls({ ...connection, token: values }, `${server.url}/resource`)).toBe(200)
  })

  it.each(['seconds', 'string', 'expires_at'] as const)('the end as %s', async (expiry) => {
    server.settings.expiry = expiry
    expect((await consent()).expiresAt).toBe(clock.now() + 3_600_000)
  })

  it('no end where the service says none', async () => {
    server.settings.expiry = 'absent'
    expect((await consent()).expiresAt).toBeNull()
  })

  it('a public client has PKCE only', async () => {
    server.settings.clientAuth = 'none'
    const { client_secret: _, ...secrets } = connection.secrets
    expect((await consent({ ...connection, secrets })).values.access_token).toBeTruthy()
  })

  it.each([
    [{ iss: 'wrong' }, 'another service'],
    [{ signInError: 'access_denied' }, 'not agreed'],
    [{ tokenError: 'invalid_grant' }, 'invalid_grant'],
    [{ clientAuth: 'post' }, 'invalid_client'],
  ] as const)('human with %j', async (settings, detail) => {
    Object.assign(server.settings, settings)
    await expect(consent()).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining(detail) })
  })

  it.each([
    [429, 'limited', 7],
    [503, 'transient', 7],
    [500, 'transient', undefined],
  ])('%i is %s', async (status, kind, retryAfter) => {
    const held = { ...connection, token: (await consent()).values }
    server.failTokens(1, status)
    await expect(exchange.run(held, context)).rejects.toMatchObject({ kind, retryAfter })
    expect((await exchange.run(held, context)).values.access_token).toBeTruthy()
  })

  it('a refresh token that was obtained elsewhere begins the token', async () => {
    const { refresh_token } = (await consent()).values
    const { values } = await exchange.run({ ...connection, token: { refresh_token: refresh_token! } }, context)
    expect(await calls({ ...connection, token: values }, `${server.url}/resource`)).toBe(200)
  })

  it('client credentials, with a secret that Basic must escape', async () => {
    const settings = { base_url: server.url, token_url: `${server.url}/token`, scope: 'read' }
    const cc = connect('generic-oauth2-cc', settings, {
      client_id: server.clientId,
      client_secret: server.clientSecret,
    })
    const { values } = await exchange.run(cc, context)
    expect(await calls({ ...cc, token: values }, `${server.url}/resource`)).toBe(200)
  })

  it('client credentials, proved by a signed assertion', async () => {
    server.settings.clientAuth = 'private_key_jwt'
    const connector = parseConnector(
      `id: acme\nname: A\ndocs: https://a.example\nscheme: oauth2\nbase_url: ${server.url}\noauth2: { grant: client_credentials, client_auth: private_key_jwt, token_url: "${server.url}/token" }\n`,
      'acme.yaml',
    )
    const secrets = { client_id: server.clientId, private_key: server.clientKey.pem }
    const cc = { connector, settings: {}, secrets }
    expect((await exchange.run(cc, context)).values.access_token).toBeTruthy()
    expect((await exchange.run(cc, context)).values.access_token).toBeTruthy()
    await expect(
      exchange.run({ ...cc, secrets: { ...secrets, private_key: server.assertionKey.pem } }, context),
    ).rejects.toMatchObject({ kind: 'human' })
  })
})

describe('HelloAsso', () => {
  let helloasso: HelloAsso
  let connection: ConnectionSecrets

  beforeEach(async () => {
    clock.set('2026-11-21T12:00:00Z')
    helloasso = await startHelloAsso({ now: clock.now })
    const secrets = { client_id: helloasso.clientId, client_secret: helloasso.clientSecret }
    connection = connect('helloasso', { api_url: helloasso.url }, secrets)
  })
  afterEach(() => helloasso.stop())

  it('refreshes with the client’s name alone, and logs in again when the refresh token is gone', async () => {
    const first = await exchange.run(connection, context)
    const second = await exchange.run({ ...connection, token: first.values }, context)
    expect([helloasso.granted('client_credentials'), helloasso.granted('refresh_token')]).toEqual([1, 1])
    expect(helloasso.requests.at(-1)?.body.toString()).not.toContain(helloasso.clientSecret)

    helloasso.revokeRefresh()
    const third = await exchange.run({ ...connection, token: second.values }, context)
    expect([helloasso.granted('client_credentials'), helloasso.granted('refresh_token')]).toEqual([2, 1])
    const held = { ...connection, token: third.values }
    expect(await calls(held, `${helloasso.url}/v5/users/me/organizations`)).toBe(200)
  })

  it('limited, and no login on top of it, when there were too many tokens', async () => {
    const { values } = await exchange.run(connection, context)
    helloasso.settings.hourlyTokens = 1
    await expect(exchange.run({ ...connection, token: values }, context)).rejects.toMatchObject({ kind: 'limited' })
    expect(helloasso.tokenRequests()).toBe(2)
  })

  it('human when the client is blocked', async () => {
    helloasso.settings.clientValid = false
    await expect(exchange.run(connection, context)).rejects.toMatchObject({ kind: 'human' })
  })
})
