import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { validateSettings } from '../../src/outbound/connectors/connection_input.ts'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import type { Obtained, StepRequest } from '../../src/outbound/exchange.ts'
import type { ConnectionSecrets } from '../../src/outbound/scheme.ts'
import { superoffice } from '../../src/outbound/schemes/superoffice.ts'
import { call, testClock } from '../support/vendors/calling.ts'
import { type SuperOffice, startSuperOffice } from '../support/vendors/superoffice.ts'

const file = join(import.meta.dirname, '../../connectors/superoffice.yaml')
const connector = parseConnector(readFileSync(file, 'utf8'), file)
const exchange = superoffice.exchange as NonNullable<typeof superoffice.exchange>
const REDIRECT = 'https://gate.example/connect/callback'
const clock = testClock()
let so: SuperOffice

beforeEach(async () => {
  clock.set('2026-11-21T12:00:30Z')
  so = await startSuperOffice({ now: clock.now, redirectUris: [REDIRECT] })
})
afterEach(() => so.stop())

async function fetchStep({ method, url, headers, body }: StepRequest) {
  const response = await fetch(url, { method, redirect: 'manual', headers: { ...headers }, body: body ?? null })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const context = { fetch: fetchStep, now: clock.now }

/** With a system user unless `secrets` says otherwise. */
function connection(
  token?: Record<string, string>,
  secrets: object = { private_key: so.app.key.xml },
): ConnectionSecrets {
  const client = { client_id: so.app.clientId, client_secret: so.app.clientSecret }
  const settings = validateSettings(connector, { login_url: so.url, tenant: so.tenant })
  return { connector, settings, secrets: { ...client, ...secrets }, ...(token ? { token } : {}) }
}
const PERSON = {}

async function signIn(of = connection(), tamper = (keep: Record<string, string>) => keep): Promise<Obtained> {
  const consent = exchange.consent
  if (consent === undefined) throw new Error('no consent')
  const { url, keep } = await consent.begin(of, { redirectUri: REDIRECT, state: 'st' }, context)
  const back = new URL((await call(`GET ${url}`)).headers.get('location') ?? '')
  const params = Object.fromEntries(back.searchParams)
  expect(params.state).toBe('st')
  return consent.finish(of, { params, redirectUri: REDIRECT, keep: tamper({ ...keep }) }, context)
}

/** A call as the proxy makes it: signed, to where the token says. */
async function me({ values }: Obtained, of = connection()) {
  const { headers } = superoffice.sign({ ...of, token: values })
  const pairs = headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1] ?? '']] : []))
  return (await call(`GET ${values.api}/v1/User/currentPrincipal`, { headers: Object.fromEntries(pairs) })).status
}

/** What is left of a token that was refused. */
const durable = ({ values }: Obtained) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => exchange.durable.includes(name)))

describe('sign-in', () => {
  it('an administrator’s consent gives a ticket for the system user; PKCE is S256', async () => {
    const obtained = await signIn()
    expect(obtained).toMatchObject({
      identity: 'Cust26759',
      expiresAt: null,
      idleSeconds: 6 * 3600 - 300,
      values: {
        ctx: 'Cust26759',
        serial: so.serial,
        system_token: so.systemToken,
        so_ticket: expect.stringMatching(/^7T:/),
      },
    })
    expect(obtained.values.api).toBe(`${so.hosts[0]?.url}/Cust26759/api`)
    expect(await me(obtained)).toBe(200)
    const authorize = so.requests.find(({ url }) => url.includes('/oauth/authorize'))?.url ?? ''
    expect(Object.fromEntries(new URL(authorize, so.url).searchParams)).toMatchObject({
      scope: 'openid',
      code_challenge_method: 'S256',
      acr_values: 'tenant:Cust26759',
    })
  })

  it('human for who is no administrator, where there is a key; without a key the access token serves', async () => {
    so.settings.approvedBy = 'user'
    await expect(signIn()).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining('administrator') })
    const obtained = await signIn(connection(undefined, PERSON))
    expect(obtained).toMatchObject({ expiresAt: Date.parse('2026-11-21T13:00:30Z'), identity: 'Cust26759' })
    expect(obtained.idleSeconds).toBeUndefined()
    expect(await me(obtained, connection(undefined, PERSON))).toBe(200)
  })

  it('human for another nonce or verifier, and for a refusal at the service', async () => {
    const nonce = signIn(connection(), (keep) => ({ ...keep, nonce: 'other' }))
    await expect(nonce).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining('nonce') })
    const verifier = signIn(connection(), (keep) => ({ ...keep, verifier: 'other' }))
    await expect(verifier).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining('invalid_grant') })
    so.settings.signInError = 'access_denied'
    await expect(signIn()).rejects.toMatchObject({ kind: 'human' })
    expect(so.counts.tickets).toBe(0)
  })

  it('human before anybody is sent away, for a key that cannot be used', async () => {
    const act = signIn(connection(undefined, { private_key: so.app.key.publicPem }))
    await expect(act).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining('is a public key') })
    expect(so.requests).toEqual([])
  })

  it('D8 the address of sign-in is where secrets go', () => {
    expect(exchange.endpoints(connection())).toEqual([so.url])
    const settings = validateSettings(connector, { environment: 'sod' })
    expect(exchange.endpoints({ connector, settings })).toEqual(['https://sod.superoffice.com'])
    expect(() => validateSettings(connector, { environment: 'sod2' })).toThrow('settings.environment')
    expect(() => validateSettings(connector, { environment: 'evil.example/' })).toThrow('settings.environment')
  })
})

describe('renewal', () => {
  it('a refused ticket: another from what lasts, and the access token with it', async () => {
    const before = await signIn()
    so.revokeTickets()
    expect(await me(before)).toBe(401)
    const after = await exchange.run(connection(durable(before)), context)
    expect([await me(after), so.counts]).toMatchObject([200, { tickets: 2, refreshes: 1, signIns: 1 }])
    expect(after.values.refresh_token).toBe(before.values.refresh_token)
  })

  it('421: the host of the tenant is looked up again', async () => {
    const before = await signIn()
    so.move(1)
    expect(await me(before)).toBe(421)
    expect(connector.rejected_when).toEqual([{ status: 421 }])
    const after = await exchange.run(connection(durable(before)), context)
    expect([after.values.api, await me(after)]).toEqual([`${so.hosts[1]?.url}/Cust26759/api`, 200])
  })

  it('a revoked refresh token does not stop the system user; the person’s tokens are left out', async () => {
    const before = await signIn()
    so.revokeRefreshTokens()
    const after = await exchange.run(connection(durable(before)), context)
    expect(await me(after)).toBe(200)
    expect(Object.keys(after.values).sort()).toEqual(['api', 'ctx', 'serial', 'so_ticket', 'system_token'])
  })

  it('human when it is revoked and there is no key', async () => {
    const before = await signIn(connection(undefined, PERSON))
    so.revokeRefreshTokens()
    const act = exchange.run(connection(durable(before), PERSON), context)
    await expect(act).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining('invalid_grant') })
  })

  it('a refresh token from elsewhere is enough to begin with', async () => {
    const { refresh_token = '' } = (await signIn()).values
    const obtained = await exchange.run(connection({ refresh_token }), context)
    expect([obtained.identity, await me(obtained)]).toEqual(['Cust26759', 200])
    await expect(exchange.run(connection(), context)).rejects.toMatchObject({ kind: 'human' })
    so.settings.approvedBy = 'user'
    await expect(exchange.run(connection({ refresh_token }), context)).rejects.toMatchObject({ kind: 'human' })
  })

  it('human for a refresh token of another tenant', async () => {
    const { refresh_token = '' } = (await signIn()).values
    const known = connection({ refresh_token, ctx: 'Cust1' })
    const { settings, ...rest } = connection({ refresh_token })
    for (const of of [known, { ...rest, settings: { ...settings, tenant: 'Cust1' } }])
      await expect(exchange.run(of, context)).rejects.toMatchObject({
        kind: 'human',
        detail: expect.stringContaining('Another tenant'),
      })
    expect(so.counts.tickets).toBe(1)
  })

  it.each([
    ['human', { consent: 'revoked' }, 'Revoked'],
    ['human', { consent: 'needs_reapproval' }, 'NeedsReapproval'],
    ['transient', { toleranceSeconds: -1 }, 'clock'],
    ['transient', { state: 'Suspended' }, 'Suspended'],
  ] as const)('%s with %j', async (kind, settings, part) => {
    const before = await signIn()
    Object.assign(so.settings, settings)
    const act = exchange.run(connection(durable(before)), context)
    await expect(act).rejects.toMatchObject({ kind, detail: expect.stringContaining(part) })
  })

  it('human for another key than the one that is registered', async () => {
    const before = await signIn()
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const private_key = privateKey.export({ format: 'pem', type: 'pkcs1' }).toString()
    const act = exchange.run(connection(durable(before), { private_key }), context)
    await expect(act).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining('private_key') })
  })

  it('without a key the token ends when the host may have changed, if that is sooner', async () => {
    so.settings.stateSeconds = 600
    const obtained = await signIn(connection(undefined, PERSON))
    expect(obtained.expiresAt).toBe(Date.parse('2026-11-21T12:10:30Z'))
  })

  it('human for an address of the API that the connector does not foresee', async () => {
    const fetchLying = async (request: StepRequest) => {
      const answer = await fetchStep(request)
      return { ...answer, text: answer.text.replace(/"Api":"[^"]*"/, '"Api":"https://evil.example/api"') }
    }
    const before = await signIn()
    const act = exchange.run(connection(durable(before)), { ...context, fetch: fetchLying })
    await expect(act).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining('*.superoffice.com') })
    expect(so.counts.tickets).toBe(1)
  })

  it('transient while sign-in is in trouble, and an error of the network as it is', async () => {
    const before = await signIn(connection(undefined, PERSON))
    so.failTokens(1, 503)
    await expect(exchange.run(connection(durable(before), PERSON), context)).rejects.toMatchObject({
      kind: 'transient',
    })
    so.failTokens(1, 'drop')
    await expect(exchange.run(connection(durable(before)), context)).rejects.toThrow(TypeError)
  })
})

describe('revocation', () => {
  it('goes to the published address of the same site only', async () => {
    const { values } = await signIn()
    const sent: StepRequest[] = []
    const publishing = (endpoint: string) => ({
      ...context,
      fetch: async (request: StepRequest) => {
        sent.push(request)
        return { status: 200, headers: new Headers(), text: JSON.stringify({ revocation_endpoint: endpoint }) }
      },
    })
    await exchange.revoke?.(connection(values), publishing('https://evil.example/revoke'))
    expect(sent.map(({ method }) => method)).toEqual(['GET'])
    await exchange.revoke?.(connection(values), publishing(`${so.url}/login/common/oauth/revoke`))
    expect(sent.at(-1)).toMatchObject({ method: 'POST', url: `${so.url}/login/common/oauth/revoke` })
    expect(new URLSearchParams(sent.at(-1)?.body).get('token')).toBe(values.refresh_token)
  })
})
