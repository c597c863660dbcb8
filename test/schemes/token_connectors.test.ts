import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { validateSecrets, validateSettings } from '../../src/outbound/connectors/connection_input.ts'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import { credentialRefused } from '../../src/outbound/refusal.ts'
import { tokenExchange } from '../../src/outbound/schemes/token_exchange.ts'
import { type ScriptedAnswer, scriptedFetch } from '../support/scripted_fetch.ts'
import { headersOf } from '../support/socket_context.ts'

/** Shipped connectors of services that have no stand-in: what they send, and how they read documented answers. */

const folder = join(import.meta.dirname, '../../connectors')
const exchange = tokenExchange.exchange as NonNullable<typeof tokenExchange.exchange>

function connection(id: string, settings: Record<string, string>, secrets: Record<string, string>) {
  const connector = parseConnector(readFileSync(join(folder, `${id}.yaml`), 'utf8'), `${id}.yaml`)
  return {
    connector,
    settings: validateSettings(connector, settings),
    secrets: validateSecrets(connector, 'token_exchange', secrets),
  }
}

async function run(held: ReturnType<typeof connection>, answers: ScriptedAnswer[]) {
  const script = scriptedFetch(answers)
  const obtained = await exchange.run(held, script.context)
  const { headers } = tokenExchange.sign({ ...held, token: obtained.values })
  return { ...script, obtained, signed: headersOf(headers) }
}

describe('odoo-session', () => {
  const odoo = connection(
    'odoo-session',
    { base_url: 'https://odoo.example.org', database: 'db' },
    { login: 'ann', password: 'p' },
  )
  const denied = { error: { code: 200, data: { name: 'odoo.exceptions.AccessDenied' } } }
  const broken = { error: { code: 200, data: { name: 'psycopg2.OperationalError' } } }

  it('keeps the session of a login', async () => {
    const answer = {
      headers: [['set-cookie', 'session_id=s1; Expires=Sat, 28 Nov 2026 12:00:00 GMT; Path=/; HttpOnly']],
      body: { jsonrpc: '2.0', id: null, result: { uid: 2, username: 'ann' } },
    } as const
    const { requests, obtained, signed } = await run(odoo, [answer])
    expect(requests[0]).toMatchObject({
      method: 'POST',
      url: 'https://odoo.example.org/web/session/authenticate',
      body: '{"jsonrpc":"2.0","method":"call","params":{"db":"db","login":"ann","password":"p"}}',
    })
    expect(obtained).toMatchObject({ expiresAt: null, identity: 'ann' })
    expect(signed).toEqual({ Cookie: 'session_id=s1' })
  })

  it.each([
    [denied, 'human'],
    [{ result: { uid: null } }, 'human'],
    [{ result: { uid: false } }, 'human'],
    [broken, 'transient'],
  ])('a 200 with %j is %s', async (body, kind) => {
    await expect(run(odoo, [{ body }])).rejects.toMatchObject({ kind })
  })

  it('knows an ended session inside a 200', () => {
    const ended = '{"error": {"code": 100, "data": {"name": "odoo.http.SessionExpiredException"}}}'
    expect(credentialRefused(odoo.connector, 200, ended)).toBe(true)
    expect(credentialRefused(odoo.connector, 200, '{"result": []}')).toBe(false)
  })
})

describe('glpi', () => {
  const settings = { base_url: 'https://glpi.example.org/apirest.php' }

  it('opens a session, sends it with every call, and closes it', async () => {
    const held = connection('glpi', settings, { user_token: 'u', app_token: 'a' })
    const { requests, obtained, signed } = await run(held, [{ body: { session_token: 's' } }])
    expect(requests[0]).toMatchObject({ method: 'GET', url: `${settings.base_url}/initSession` })
    expect(requests[0]?.headers).toMatchObject({ authorization: 'user_token u', 'app-token': 'a' })
    expect(signed).toEqual({ 'Session-Token': 's', 'App-Token': 'a' })
    const script = scriptedFetch([{}])
    await exchange.revoke?.({ ...held, token: obtained.values }, script.context)
    expect(script.requests[0]).toMatchObject({ method: 'GET', url: `${settings.base_url}/killSession` })
    expect(script.requests[0]?.headers).toMatchObject({ 'session-token': 's' })
  })

  it('does without an application token', async () => {
    const { requests, signed } = await run(connection('glpi', settings, { user_token: 'u' }), [
      { body: { session_token: 's' } },
    ])
    expect(requests[0]?.headers).not.toHaveProperty('app-token')
    expect(signed).toEqual({ 'Session-Token': 's' })
  })
})

describe('arcgis', () => {
  const held = connection('arcgis', {}, { username: 'u', password: 'p' })

  it('takes the end in milliseconds', async () => {
    const { obtained, requests } = await run(held, [{ body: { token: 't', expires: 1795303805250, ssl: true } }])
    expect(obtained.expiresAt).toBe(1795303805250)
    expect(requests[0]?.body).toContain('referer=https%3A%2F%2Fwww.arcgis.com%2Fsharing%2Frest')
  })

  it.each([
    [400, 'human'],
    [500, 'transient'],
  ])('an error %i inside a 200 is %s', async (code, kind) => {
    await expect(run(held, [{ body: { error: { code, message: 'x' } } }])).rejects.toMatchObject({ kind })
  })
})

it('metabase: two weeks from the login', async () => {
  const held = connection('metabase', { base_url: 'https://m.example.org' }, { email: 'a@example.org', password: 'p' })
  const { obtained, signed, now } = await run(held, [{ body: { id: 's' } }])
  expect(obtained.expiresAt).toBe(now + 14 * 86_400_000)
  expect(signed).toEqual({ 'X-Metabase-Session': 's' })
})

it('wordpress-jwt: until the end that is written in the token', async () => {
  const held = connection(
    'wordpress-jwt',
    { base_url: 'https://w.example.org/wp-json' },
    { username: 'u', password: 'p' },
  )
  const token = await new SignJWT({ exp: 1795303805 }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32))
  const { obtained, signed } = await run(held, [{ body: { token, user_nicename: 'ann' } }])
  expect(obtained).toMatchObject({ expiresAt: 1795303805000, identity: 'ann' })
  expect(signed).toEqual({ Authorization: `Bearer ${token}` })
  await expect(run(held, [{ status: 403, body: { code: 'x' } }])).rejects.toMatchObject({ kind: 'human' })
})
