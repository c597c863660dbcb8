import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { validateSecrets, validateSettings } from '../../src/outbound/connectors/connection_input.ts'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import type { Obtained } from '../../src/outbound/exchange.ts'
import type { ConnectionSecrets } from '../../src/outbound/scheme.ts'
import { tokenExchange } from '../../src/outbound/schemes/token_exchange.ts'
import { headersOf, socketContext } from '../support/socket_context.ts'
import { call, testClock } from '../support/vendors/calling.ts'
import { MEMBERCARE, startTwoStep, type TwoStep, type TwoStepSettings } from '../support/vendors/two_step.ts'

const folder = join(import.meta.dirname, '../../connectors')
const shipped = (name: string) => parseConnector(readFileSync(join(folder, name), 'utf8'), name)
const exchange = tokenExchange.exchange as NonNullable<typeof tokenExchange.exchange>
const clock = testClock()
const context = socketContext(clock.now)
let vendor: TwoStep

beforeEach(async () => {
  clock.set('2026-11-21T12:00:00Z')
  vendor = await startTwoStep({ now: clock.now })
})
afterEach(() => vendor.stop())

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
const BODIES = {
  json: 'json: { user: "${secrets.user}", password: "${secrets.password}" }',
  form: 'form: { user: "${secrets.user}", password: "${secrets.password}" }',
  xml: 'xml: "<login><user>${secrets.user}</user><password>${secrets.password}</password></login>"',
}
const CHALLENGES = {
  json: 'json: { challenge: "${token.challenge}" }',
  form: 'form: { challenge: "${token.challenge}" }',
  xml: 'xml: "<login><challenge>${token.challenge}</challenge></login>"',
}
const TOKENS = {
  json: '{ json: [data, session, token] }',
  xml: '{ xml: [response, session, token] }',
  header: '{ header: X-Session-Token }',
  cookie: '{ cookie: session_id }',
}
const APPLY = {
  header: '{ header: X-Session-Token, value: "${token.t}" }',
  cookie: '{ header: Cookie, value: "session_id=${token.t}" }',
  bearer: '{ header: Authorization, value: "Bearer ${token.t}" }',
}
const LIFETIMES = {
  seconds: '{ expires_in: "${token.e}", unit: s }',
  epoch_s: '{ expires_at: "${token.e}", format: epoch_s }',
  epoch_ms: '{ expires_at: "${token.e}", format: epoch_ms }',
  iso: '{ expires_at: "${token.e}", format: iso }',
  iso_no_zone: '{ expires_at: "${token.e}", format: iso, zone: Europe/Oslo }',
  absent: 'none',
}

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector

/** A connector for the service as it is set up. */
function connection({ steps, request, tokenIn, useIn, expiry }: TwoStepSettings): ConnectionSecrets {
  const isXml = tokenIn === 'xml'
  const ok = isXml ? 'ok: [{ path: [response, ok], equals: "true" }]' : 'ok: [{ path: [ok], equals: true }]'
  const nest = isXml ? 'xml: [response, session, expires]' : 'json: [data, session, expires]'
  const extract = `extract: { t: ${TOKENS[tokenIn]}${expiry === 'absent' ? '' : `, e: { ${nest} }`} }`
  const challenge = `extract: { challenge: { ${isXml ? 'xml: [response, challenge]' : 'json: [challenge]'} } }`
  const at = (path: string) => `url: "\${settings.base_url}${path}"`
  const last = steps === 1 ? `${at('/login')}, ${BODIES[request]}` : `${at('/login/confirm')}, ${CHALLENGES[request]}`
  const first = steps === 1 ? '' : `    - { ${at('/login')}, ${BODIES[request]}, ${ok}, ${challenge} }\n`
  const [, name = '', value = ''] = /header: ([\w-]+), value: (.*) }/.exec(APPLY[useIn]) ?? []
  const connector = parseConnector(
    `id: two
name: Two
docs: https://two.example
scheme: token_exchange
settings: { base_url: { title: B, format: url } }
secrets: { user: { title: U }, password: { title: P } }
base_url: \${settings.base_url}
token_exchange:
  login:
${first}    - { ${last}, ${ok}, ${extract} }
  logout: { ${at('/logout')}, headers: { ${name}: ${value} } }
  lifetime: ${LIFETIMES[expiry]}
  apply: [${APPLY[useIn]}]
`,
    'two.yaml',
  )
  const settings = validateSettings(connector, { base_url: vendor.url })
  const secrets = validateSecrets(connector, 'token_exchange', { user: vendor.user, password: vendor.password })
  return { connector, settings, secrets }
}

function get(path: string, of: ConnectionSecrets, { values }: Obtained) {
  return call(`GET ${vendor.url}${path}`, { headers: headersOf(tokenExchange.sign({ ...of, token: values }).headers) })
}

const WAYS: Partial<TwoStepSettings>[] = [
  {},
  { steps: 2, request: 'form', expiry: 'epoch_ms' },
  { steps: 2, request: 'xml', tokenIn: 'xml', expiry: 'epoch_s', useIn: 'bearer', refusal: 'flag' },
  { request: 'xml', tokenIn: 'header', expiry: 'iso', refusal: 'flag' },
  { request: 'form', tokenIn: 'cookie', useIn: 'cookie', expiry: 'iso_no_zone', zoneMinutes: 60 },
  { steps: 2, tokenIn: 'xml', expiry: 'seconds', useIn: 'cookie' },
  { expiry: 'absent', useIn: 'bearer', refusal: 'flag' },
]

describe.each(WAYS)('a login as %j', (way) => {
  beforeEach(() => void Object.assign(vendor.settings, way))

  it('gives a token that works until its end, and no longer after the logout', async () => {
    const held = connection(vendor.settings)
    const obtained = await exchange.run(held, context)
    expect((await get('/data', held, obtained)).body).toMatchObject({ ok: true })
    if (way.expiry !== 'absent') expect((obtained.expiresAt ?? 0) - clock.now()).toBe(1_800_000)
    await exchange.revoke?.({ ...held, token: obtained.values }, context)
    expect(vendor.tokensAlive()).toBe(0)
  })

  it('a changed password is a person’s matter, an outage is not; neither tells the password', async () => {
    const held = connection(vendor.settings)
    vendor.settings.credentialsValid = false
    const human = exchange.run(held, context)
    await expect(human).rejects.toMatchObject({ kind: 'human' })
    await expect(human).rejects.not.toThrow(vendor.password)
    vendor.failTokens(1, 503)
    await expect(exchange.run(held, context)).rejects.toMatchObject({ kind: 'transient' })
    vendor.failTokens(1, 429)
    await expect(exchange.run(held, context)).rejects.toMatchObject({ kind: 'limited' })
  })
})

describe('shipped connectors', () => {
  it('generic-token-exchange signs in with the names that its settings say', async () => {
    const connector = shipped('generic-token-exchange.yaml')
    const settings = validateSettings(connector, {
      base_url: vendor.url,
      login_url: `${vendor.url}/login`,
      username_field: 'user',
      token_at: '/data/session/token',
      expires_in_at: '/data/session/expires',
      header: 'X-Session-Token',
      prefix: '',
    })
    const secrets = { username: vendor.user, password: vendor.password }
    const held = { connector, settings, secrets }
    const obtained = await exchange.run(held, context)
    expect(obtained.expiresAt).toBe(clock.now() + 1_800_000)
    expect((await get('/data', held, obtained)).status).toBe(200)
  })

  it('membercare asks with the key in the query and sends the header token', async () => {
    const connector = shipped('membercare.yaml')
    const settings = validateSettings(connector, { base_url: vendor.url, person: MEMBERCARE.person })
    const secrets = validateSecrets(connector, 'token_exchange', { api_key: MEMBERCARE.clientApiKey })
    const held = { connector, settings, secrets }
    const obtained = await exchange.run(held, context)
    expect(obtained.expiresAt).toBe(clock.now() + 3_600_000)
    expect((await get('/api/v1/members', held, obtained)).status).toBe(200)
    clock.advance(3601)
    expect((await get('/api/v1/members', held, obtained)).status).toBe(401)
  })
})
