import { describe, expect, it } from 'vitest'
import { type ScriptedAnswer, scriptedFetch } from '../../../test/support/scripted_fetch.ts'
import { OctroiError } from '../../core/errors.ts'
import { validateSettings } from '../connectors/connection_input.ts'
import { parseConnector } from '../connectors/connector.ts'
import { durableNames } from '../exchange.ts'
import { tokenExchange } from './token_exchange.ts'

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
const HEAD = `id: acme
name: Acme
docs: https://acme.example
scheme: token_exchange
base_url: https://acme.example
settings: { host: { title: Host, format: hostname, default: login.acme.example }, refresh_url: { title: R, format: url, optional: true } }
secrets: { user: { title: User, secret: false }, password: { title: Password }, otp: { title: Code, optional: true } }
`
const TWO_STEPS = `
token_exchange:
  login:
    - method: GET
      url: https://\${settings.host}/nonce
      headers: { X-Time: "\${now('iso')}" }
      query: { user: "\${secrets.user}" }
      extract: { nonce: { json: [data, nonce] }, session: { cookie: sid } }
    - url: https://\${settings.host}/login
      headers: { Cookie: "sid=\${token.session}" }
      json: { user: "\${secrets.user}", proof: "\${sha256(token.nonce, secrets.password)}", otp: "\${secrets.otp}", remember: true, version: 2 }
      ok: [{ path: [success], equals: true }]
      extract:
        access: { json: [token] }
        refresh: { json: [refresh], optional: true }
        expires: { json: [expires_in] }
        account: { json: [account], optional: true }
  refresh:
    - url: https://\${settings.host}/refresh
      form: { refresh_token: "\${token.refresh}" }
      extract: { access: { json: [token] }, refresh: { json: [refresh], optional: true }, expires: { json: [expires_in] } }
  logout: { method: DELETE, url: "https://\${settings.host}/session/\${url(token.access)}" }
  durable: [refresh, account]
  lifetime: { expires_in: "\${token.expires}", unit: s }
  identity: "\${token.account}"
  inject: [access]
  apply: [{ header: Authorization, value: "Token \${token.access}" }]
`
const acme = parseConnector(HEAD + TWO_STEPS, 'acme.yaml')
const settings = { host: 'login.acme.example' }
const connection = { connector: acme, settings, secrets: { user: 'ann b', password: 'golden' } }
const NONCE: ScriptedAnswer = { headers: [['set-cookie', 'sid=s1; Path=/']], body: { data: { nonce: 'n1' } } }
const TOKEN: ScriptedAnswer = { body: { success: true, token: 'a/1', refresh: 'r1', expires_in: 60, account: 42 } }

const run = (answers: readonly (ScriptedAnswer | Error)[], token?: Record<string, string>) => {
  const script = scriptedFetch(answers)
  return { ...script, result: tokenExchange.exchange!.run({ ...connection, token }, script.context) }
}

describe('token_exchange', () => {
  it('a part of an address is judged with the address, not by itself', () => {
    expect(validateSettings(acme, { host: 'eu.acme.example' })).toEqual({ host: 'eu.acme.example' })
  })

  it('requires the secrets that the section uses', () => {
    expect(Object.keys(tokenExchange.requires(acme))).toEqual(['user', 'password', 'otp'])
  })

  it('logs in step by step, each with the values of those before', async () => {
    const { result, requests, now } = run([NONCE, TOKEN])
    expect(await result).toEqual({
      values: { nonce: 'n1', session: 's1', access: 'a/1', refresh: 'r1', expires: '60', account: '42' },
      expiresAt: now + 60_000,
      early: true,
      identity: '42',
    })
    expect(requests).toEqual([
      {
        method: 'GET',
        url: 'https://login.acme.example/nonce?user=ann%20b',
        headers: { accept: 'application/json, */*;q=0.5', 'x-time': '2026-11-21T12:00:00Z' },
      },
      {
        method: 'POST',
        url: 'https://login.acme.example/login',
        headers: { accept: 'application/json, */*;q=0.5', 'content-type': 'application/json', cookie: 'sid=s1' },
        body: '{"user":"ann b","proof":"fd8d2b9797ed6c2927bc6b3ca56050b2fb4960c1acf662e944ffe79553e017cf","remember":true,"version":2}',
      },
    ])
  })

  it('prefers the refresh, and keeps durable values that the answer does not repeat', async () => {
    const { result, requests } = run([{ body: { token: 'a2', expires_in: '90' } }], {
      refresh: 'r1',
      account: '42',
      access: 'old',
    })
    expect(await result).toMatchObject({
      values: { access: 'a2', refresh: 'r1', account: '42', expires: '90' },
      identity: '42',
    })
    expect(requests).toEqual([
      {
        method: 'POST',
        url: 'https://login.acme.example/refresh',
        headers: { accept: 'application/json, */*;q=0.5', 'content-type': 'application/x-www-form-urlencoded' },
        body: 'refresh_token=r1',
      },
    ])
  })

  it('a refused refresh falls back to the login; one in trouble does not', async () => {
    const refused = run([{ status: 400, body: { error: 'invalid_grant' } }, NONCE, TOKEN], { refresh: 'r1' })
    expect(await refused.result).toMatchObject({ values: { access: 'a/1' } })
    const down = run([{ status: 503 }], { refresh: 'r1' })
    await expect(down.result).rejects.toMatchObject({ kind: 'transient' })
    expect(down.requests).toHaveLength(1)
  })

  it.each([
    [
      { status: 401, body: { error: 'invalid_client' } },
      'human',
      'The service answered step 1 of the login with 401 (invalid_client).',
    ],
    [{ status: 404 }, 'human', 'The service answered step 1 of the login with 404.'],
    [
      { status: 400, body: { error: 'Wrong password golden' } },
      'human',
      'The service answered step 1 of the login with 400.',
    ],
    [{ status: 400, body: { error: 'golden' } }, 'human', 'The service answered step 1 of the login with 400.'],
    [{ status: 502 }, 'transient', 'The service answered step 1 of the login with 502.'],
    [{ status: 302 }, 'transient', 'The service answered step 1 of the login with 302.'],
    [{ body: '<html>busy' }, 'transient', 'The answer to step 1 of the login has no nonce.'],
    [{ body: { data: { nonce: 'n' } } }, 'transient', 'The answer to step 1 of the login has no session.'],
  ] as const)('%j is %s', async (answer, kind, detail) => {
    await expect(run([answer as ScriptedAnswer]).result).rejects.toMatchObject({ name: 'ExchangeError', kind, detail })
  })

  it('a refusal inside a 200 is a person’s matter, an unreadable 200 is not', async () => {
    const refusal = run([NONCE, { body: { success: false, message: 'no' } }])
    await expect(refusal.result).rejects.toMatchObject({
      kind: 'human',
      detail: expect.stringContaining('200, but not'),
    })
    await expect(run([NONCE, { body: 'oops' }]).result).rejects.toMatchObject({ kind: 'transient' })
  })

  it('429 is limited, with the seconds or the date of Retry-After', async () => {
    const limited = (value: string) => run([{ status: 429, headers: [['retry-after', value]] }]).result
    await expect(limited('17')).rejects.toMatchObject({ kind: 'limited', retryAfter: 17 })
    await expect(limited('Sat, 21 Nov 2026 12:01:00 GMT')).rejects.toMatchObject({ kind: 'limited', retryAfter: 60 })
    await expect(limited('soon')).rejects.toMatchObject({ kind: 'limited', retryAfter: undefined })
  })

  it('a token that is born dead, and a value that no header carries, are transient', async () => {
    const body = { success: true, token: 'a', expires_in: 0 }
    await expect(run([NONCE, { body }]).result).rejects.toMatchObject({ kind: 'transient' })
    const broken = { success: true, token: 'a\r\nX: 1', expires_in: 60 }
    await expect(run([NONCE, { body: broken }]).result).rejects.toMatchObject({ kind: 'transient' })
  })

  it('trouble with the network and missing secrets pass through', async () => {
    const down = new OctroiError('upstream_unreachable', 'down')
    await expect(run([down]).result).rejects.toBe(down)
    const script = scriptedFetch([])
    const without = tokenExchange.exchange!.run({ ...connection, secrets: {} }, script.context)
    await expect(without).rejects.toMatchObject({
      code: 'reconnect_required',
      detail: expect.stringContaining('user is missing'),
    })
  })

  it('puts the token on requests, names what it sets, and injects what the section says', () => {
    const held = { ...connection, token: { access: 'a1', refresh: 'r1' } }
    expect(tokenExchange.sign(held)).toEqual({ headers: ['Authorization', 'Token a1'], query: '' })
    expect(tokenExchange.names(held)).toEqual({ headers: ['authorization'], query: [] })
    expect(tokenExchange.injects(held)).toEqual({ user: 'ann b', password: 'golden', access: 'a1' })
    expect(durableNames(tokenExchange.exchange!, acme)).toEqual(['refresh', 'account'])
  })

  it('D8 names every address that the settings fix', () => {
    expect(tokenExchange.exchange!.endpoints(connection)).toEqual([
      'https://login.acme.example/nonce',
      'https://login.acme.example/login',
      'https://login.acme.example/refresh',
      'https://login.acme.example/session/',
    ])
  })

  it('logs out with the token in the path, encoded', async () => {
    const script = scriptedFetch([{ status: 204 }])
    await tokenExchange.exchange!.revoke!({ ...connection, token: { access: 'a/1?x' } }, script.context)
    expect(script.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'DELETE https://login.acme.example/session/a%2F1%3Fx',
    ])
  })
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector
