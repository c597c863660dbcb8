import { describe, expect, it } from 'vitest'
import { type TokenAnswer, tokenScript } from '../../../../test/support/token_script.ts'
import { OctroiError } from '../../../core/errors.ts'
import { parseConnector } from '../../connectors/connector.ts'
import type { Values } from '../../scheme.ts'
import { oauth2 } from '../oauth2.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const URLS = 'authorization_url: https://login.example/auth, token_url: https://login.example/token'
const CC = 'grant: client_credentials, token_url: https://login.example/token'

function acme(section: string, base = 'https://acme.example', more = '') {
  return parseConnector(
    `id: acme\nname: Acme\ndocs: https://acme.example\nscheme: oauth2\nbase_url: ${base}\n${more}\noauth2: { ${section} }\n`,
    'acme.yaml',
  )
}

function run(section: string, answers: readonly TokenAnswer[], token?: Values, more?: [base: string, more: string]) {
  const script = tokenScript(answers)
  const secrets = { client_id: 'my id', client_secret: 'a:b%c', oauth_refresh_token: 'given' }
  const connection = { connector: acme(section, ...(more ?? [])), settings: {}, secrets, ...(token ? { token } : {}) }
  return { ...script, got: oauth2.exchange!.run(connection, script.context), connection }
}

const good = (more: object = {}) => ({ body: { access_token: 'new', token_type: 'Bearer', expires_in: 3600, ...more } })
const BASIC = `Basic ${Buffer.from('my+id:a%3Ab%25c').toString('base64')}`

describe('a refresh (RFC 6749 §6)', () => {
  it('sends the refresh token and the client, each part of Basic form-urlencoded first (§2.3.1)', async () => {
    const { sent, form, got } = run(URLS, [good({ refresh_token: 'r2' })], { refresh_token: 'r 1' })
    expect(await got).toEqual({
      values: { access_token: 'new', refresh_token: 'r2', token_type: 'Bearer' },
      expiresAt: NOW + 3_600_000,
    })
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ method: 'POST', url: 'https://login.example/token' })
    expect(sent[0]?.headers).toEqual({
      Accept: 'application/json',
      'Content-Type': 'application/x-www-form-urlencoded',
      Authorization: BASIC,
    })
    expect(form(0)).toEqual({ grant_type: 'refresh_token', refresh_token: 'r 1' })
  })

  it('keeps the refresh token when none comes back, or an empty one', async () => {
    const { got } = run(URLS, [good()], { refresh_token: 'r1' })
    expect((await got).values.refresh_token).toBe('r1')
    const empty = run(URLS, [good({ refresh_token: '' })], { refresh_token: 'r1' })
    expect((await empty.got).values.refresh_token).toBe('r1')
  })

  it('goes to refresh_url, with refresh_params, token_headers and JSON where the connector says so', async () => {
    const section = `${URLS}, refresh_url: https://login.example/again, token_format: json, client_auth: post,
      token_headers: { X-Version: "2" }, token_params: { not: here }, refresh_params: { scope: all, client_id: "" }`
    const { sent, got } = run(section, [good()], { refresh_token: 'r1' })
    await got
    expect(sent[0]?.url).toBe('https://login.example/again')
    expect(sent[0]?.headers).toMatchObject({ 'Content-Type': 'application/json', 'X-Version': '2' })
    expect(JSON.parse(sent[0]?.body ?? '')).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'r1',
      client_secret: 'a:b%c',
      scope: 'all',
    })
  })

  it('an access token alone, obtained elsewhere, is used until it is refused', async () => {
    const { sent, got } = run(URLS, [], { access_token: 'given' })
    expect(await got).toEqual({ values: { access_token: 'given' }, expiresAt: null, early: false })
    expect(sent).toEqual([])
  })

  it('human, and nothing is sent, when there is nothing to renew with', async () => {
    const { sent, got } = run(URLS, [], { kept: '{}' })
    await expect(got).rejects.toMatchObject({ kind: 'human' })
    expect(sent).toEqual([])
  })

  it.each([
    [{ status: 400, body: { error: 'invalid_grant' } }, 'human'],
    [{ status: 401, body: { error: 'invalid_client' } }, 'human'],
    [{ status: 400, body: { error: 'temporarily_unavailable' } }, 'transient'],
    [{ status: 502, body: '<html>' }, 'transient'],
    [{ status: 200, body: '<html>maintenance</html>' }, 'transient'],
    [{ status: 200, body: { token_type: 'bearer' } }, 'transient'],
    [{ status: 200, body: { access_token: '' } }, 'transient'],
    [{ status: 200, body: { access_token: 'a\nb' } }, 'transient'],
    [{ status: 429, body: {}, headers: { 'Retry-After': '30' } }, 'limited'],
  ])('%j is %s', async (answer, kind) => {
    const { got } = run(URLS, [answer], { refresh_token: 'r1' })
    await expect(got).rejects.toMatchObject({ kind })
  })

  it('early: false where the connector says so', async () => {
    const { got } = run(`${URLS}, early: false`, [good()], { refresh_token: 'r1' })
    expect((await got).early).toBe(false)
  })
})

describe('client credentials (RFC 6749 §4.4)', () => {
  it('a token from the client alone, with its scope joined as the service wants it', async () => {
    const section = `${CC}, scope: "a  b", scope_separator: ",", token_params: { audience: "https://x" }`
    const { form, got } = run(section, [good()])
    expect((await got).values).toEqual({ access_token: 'new', token_type: 'Bearer' })
    expect(form(0)).toEqual({ grant_type: 'client_credentials', scope: 'a,b', audience: 'https://x' })
  })

  it('refresh: false: a refresh token is neither kept nor used (PowerOffice Go)', async () => {
    const { form, got } = run(`${CC}, refresh: false`, [good({ refresh_token: 'r2' })], { refresh_token: 'r1' })
    expect((await got).values).not.toHaveProperty('refresh_token')
    expect(form(0).grant_type).toBe('client_credentials')
  })

  it('a grant type of the service’s own', async () => {
    const { form, got } = run(`${CC}, token_params: { grant_type: account_credentials }`, [good()])
    await got
    expect(form(0).grant_type).toBe('account_credentials')
  })

  it('a refused refresh token is dropped, and the client logs in again (HelloAsso)', async () => {
    const section = `${CC}, client_auth: post, refresh_client_only: true`
    const answers = [{ status: 400, body: { error: 'invalid_grant' } }, good({ refresh_token: 'r2' })]
    const { sent, form, got } = run(section, answers, { refresh_token: 'r1' })
    expect((await got).values.refresh_token).toBe('r2')
    expect(form(0)).toEqual({ grant_type: 'refresh_token', refresh_token: 'r1', client_id: 'my id' })
    expect(form(1)).toEqual({ grant_type: 'client_credentials', client_id: 'my id', client_secret: 'a:b%c' })
    expect(sent).toHaveLength(2)
    const none = run(section, [answers[0]!, good()], { refresh_token: 'r1' })
    expect((await none.got).values).not.toHaveProperty('refresh_token')
  })

  it.each([503, 429])('a %i at the refresh does not lead to a login', async (status) => {
    const { sent, got } = run(CC, [{ status }], { refresh_token: 'r1' })
    await expect(got).rejects.toMatchObject({ kind: status === 429 ? 'limited' : 'transient' })
    expect(sent).toHaveLength(1)
  })
})

describe('what is kept', () => {
  const keep = `${CC}, keep: { instance_url: [instance_url], org: [team, id] }, identity: [team, id]`
  const found: [string, string] = [`"\${token.instance_url}/v1"`, 'hosts: ["*.acme.example"]']

  it('is read from the answer and outlives the token', async () => {
    const first = await run(keep, [good({ instance_url: 'https://a.acme.example', team: { id: 7 } })], undefined, found)
      .got
    expect(first).toMatchObject({ values: { instance_url: 'https://a.acme.example', org: '7' }, identity: '7' })
    const durable = Object.fromEntries(
      oauth2.exchange!.durable.flatMap((n) => (first.values[n] ? [[n, first.values[n]]] : [])),
    )
    const second = await run(keep, [good()], durable, found).got
    expect(second).toMatchObject({ values: { instance_url: 'https://a.acme.example', org: '7' }, identity: '7' })
    const moved = await run(keep, [good({ instance_url: 'https://b.acme.example' })], durable, found).got
    expect(moved.values.instance_url).toBe('https://b.acme.example')
  })

  it('transient when the address of the service is to come from an answer that lacks it', async () => {
    const { got, connection, context } = run(keep, [good(), good()], undefined, found)
    await expect(got).rejects.toMatchObject({
      kind: 'transient',
      detail: 'The answer of the service has no instance_url.',
    })
    const elsewhere = { ...connection, settings: { base_url: 'https://sandbox.example' } }
    expect((await oauth2.exchange!.run(elsewhere, context)).values.access_token).toBe('new')
  })

  it('userinfo is asked with the new token, and only while what it tells is unknown', async () => {
    const section = `${CC}, userinfo_url: https://login.example/me, keep: { tenant: { from: userinfo, path: [accounts, "0", id] } }`
    const { sent, got } = run(section, [good(), { body: { accounts: [{ id: 'T1' }] } }])
    const first = await got
    expect(first.values.tenant).toBe('T1')
    expect(sent[1]).toEqual({
      method: 'GET',
      url: 'https://login.example/me',
      headers: { Accept: 'application/json', Authorization: 'Bearer new' },
    })
    expect((await run(section, [good()], { kept: first.values.kept ?? '' }).got).values.tenant).toBe('T1')
  })
})

describe('a refresh token that was given once is not lost', () => {
  const rotated = good({ refresh_token: 'r2', id_token: 'x.y.z' })

  it.each([{ status: 500 }, { status: 401 }, { body: '<html>' }])('when userinfo answers %j', async (answer) => {
    const section = `${URLS}, userinfo_url: https://login.example/me, identity: { from: userinfo, path: [sub] }`
    const { got } = run(section, [rotated, answer], { refresh_token: 'r1' })
    expect((await got).values).toMatchObject({ access_token: 'new', refresh_token: 'r2' })
  })

  it.each([{ status: 500 }, { body: { keys: [] } }])('when the id_token cannot be verified: %j', async (answer) => {
    const section = `${URLS}, issuer: "https://login.example", jwks_uri: https://login.example/jwks,
      keep: { tenant: { from: id_token, path: [tid] } }`
    const { got } = run(section, [rotated, answer], { refresh_token: 'r1', kept: '{"tenant":"T"}' })
    expect((await got).values).toMatchObject({ access_token: 'new', refresh_token: 'r2', tenant: 'T' })
  })

  it('when userinfo cannot be reached', async () => {
    const section = `${URLS}, userinfo_url: https://login.example/me, keep: { id: { from: userinfo, path: [sub] } }`
    const { context } = tokenScript([rotated])
    const fetch: typeof context.fetch = async (request) => {
      if (request.method === 'GET') throw new OctroiError('upstream_timeout', 'late')
      return context.fetch(request)
    }
    const connection = {
      connector: acme(section),
      settings: {},
      secrets: { client_id: 'i' },
      token: { refresh_token: 'r' },
    }
    const { values } = await oauth2.exchange!.run(connection, { ...context, fetch })
    expect(values).toEqual({ access_token: 'new', token_type: 'Bearer', refresh_token: 'r2' })
  })

  it('when the answer does not say where the service is', async () => {
    const place: [string, string] = [`"\${token.where}"`, 'hosts: ["*.acme.example"]']
    const { got } = run(`${URLS}, keep: { where: [where] }`, [rotated], { refresh_token: 'r1' }, place)
    expect((await got).values.refresh_token).toBe('r2')
  })
})

describe('the end of a connection (RFC 7009)', () => {
  const section = `${URLS}, revocation_url: https://login.example/revoke`
  const end = (answers: readonly TokenAnswer[], text = section) => {
    const script = tokenScript(answers)
    const secrets = { client_id: 'my id', client_secret: 'a:b%c' }
    const token = { access_token: 'at', refresh_token: 'rt' }
    return {
      ...script,
      ended: oauth2.exchange!.revoke!({ connector: acme(text), settings: {}, secrets, token }, script.context),
    }
  }

  it('revokes the refresh token first, then the access token', async () => {
    const { sent, form, ended } = end([{}, {}])
    await ended
    expect(sent.map(({ url, headers }) => [url, headers?.Authorization])).toEqual([
      ['https://login.example/revoke', BASIC],
      ['https://login.example/revoke', BASIC],
    ])
    expect([form(0), form(1)]).toEqual([
      { token: 'rt', token_type_hint: 'refresh_token' },
      { token: 'at', token_type_hint: 'access_token' },
    ])
  })

  it('tries both, and says that one was refused', async () => {
    const { sent, ended } = end([{ status: 503 }, {}])
    await expect(ended).rejects.toMatchObject({ kind: 'transient' })
    expect(sent).toHaveLength(2)
  })

  it('an access token that the service only ends with the grant is no failure (RFC 7009 §2.2.1)', async () => {
    const { sent, ended } = end([{}, { status: 400, body: { error: 'unsupported_token_type' } }])
    await ended
    expect(sent).toHaveLength(2)
  })

  it('asks nobody where the service has no such address', async () => {
    const { sent, ended } = end([], URLS)
    await ended
    expect(sent).toEqual([])
  })
})
