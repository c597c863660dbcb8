import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { type TokenAnswer, tokenScript } from '../../../../test/support/token_script.ts'
import { parseConnector } from '../../connectors/connector.ts'
import type { Values } from '../../scheme.ts'
import { oauth2 } from '../oauth2.ts'
import { s256 } from './oauth_pkce.ts'

const URLS = 'authorization_url: "https://login.example/auth?tenant=1", token_url: https://login.example/token'
const NOW = Date.parse('2026-11-21T12:00:00Z')
const REDIRECT = 'https://gate.example/connect/callback/acme'
const consent = oauth2.exchange!.consent!

function acme(section = '') {
  const connector = parseConnector(
    `id: acme\nname: Acme\ndocs: https://acme.example\nscheme: oauth2\nbase_url: https://acme.example\noauth2: { ${URLS}, ${section} }\n`,
    'acme.yaml',
  )
  return { connector, settings: {}, secrets: { client_id: 'my id', client_secret: 'cs' } }
}

async function begin(section = '') {
  const { url, keep } = await consent.begin(
    acme(section),
    { redirectUri: REDIRECT, state: 'st&1' },
    tokenScript([]).context,
  )
  return { url, keep, query: Object.fromEntries(new URL(url).searchParams) }
}

function finish(
  section: string,
  params: Values,
  answers: readonly TokenAnswer[] = [],
  keep: Values = { verifier: 'v' },
) {
  const script = tokenScript(answers)
  return { ...script, got: consent.finish(acme(section), { params, redirectUri: REDIRECT, keep }, script.context) }
}

const good = (more: object = {}) => ({ body: { access_token: 'at', refresh_token: 'rt', expires_in: 60, ...more } })

describe('the way out', () => {
  it('has state, scopes and an S256 challenge; the address keeps its own query', async () => {
    const { url, query, keep } = await begin('scope: "a b"')
    expect(url).toMatch(/^https:\/\/login\.example\/auth\?tenant=1&response_type=code&/)
    expect(query).toEqual({
      tenant: '1',
      response_type: 'code',
      client_id: 'my id',
      redirect_uri: REDIRECT,
      scope: 'a b',
      state: 'st&1',
      code_challenge: s256(keep.verifier!),
      code_challenge_method: 'S256',
    })
    expect(Object.keys(keep)).toEqual(['verifier'])
    expect(url).not.toContain(keep.verifier)
  })

  it('has another verifier each time', async () => {
    expect((await begin()).keep.verifier).not.toBe((await begin()).keep.verifier)
  })

  it('has a nonce with openid (OpenID Connect Core §3.1.2.1)', async () => {
    const { query, keep } = await begin('scope: openid email')
    expect(query.nonce).toMatch(/^[\w-]{43}$/)
    expect(keep.nonce).toBe(query.nonce)
  })

  it('takes the service’s own parameters, and leaves out what the connector empties', async () => {
    const { query } = await begin(
      `authorize_params: { access_type: offline, client_id: "", client_key: "\${secrets.client_id}" }, pkce: false`,
    )
    expect(query).toEqual({
      tenant: '1',
      response_type: 'code',
      redirect_uri: REDIRECT,
      state: 'st&1',
      access_type: 'offline',
      client_key: 'my id',
    })
  })

  it('is needed with authorization_code only', () => {
    const cc = parseConnector(
      'id: acme\nname: Acme\ndocs: https://a.example\nscheme: oauth2\nbase_url: https://a.example\noauth2: { grant: client_credentials, token_url: https://a.example/t }\n',
      'acme.yaml',
    )
    expect([consent.needed(acme()), consent.needed({ connector: cc, settings: {} })]).toEqual([true, false])
  })
})

describe('the way back', () => {
  it('redeems the code with the verifier and the same redirect address (RFC 6749 §4.1.3, RFC 7636 §4.5)', async () => {
    const { sent, form, got } = finish('token_params: { more: "1" }', { code: 'c1', state: 's' }, [good()])
    expect(await got).toEqual({ values: { access_token: 'at', refresh_token: 'rt' }, expiresAt: NOW + 60_000 })
    expect(sent[0]?.headers?.Authorization).toBe(`Basic ${btoa('my+id:cs')}`)
    expect(form(0)).toEqual({
      grant_type: 'authorization_code',
      code: 'c1',
      redirect_uri: REDIRECT,
      code_verifier: 'v',
      more: '1',
    })
  })

  it('repeats state where the service wants it (Fiken)', async () => {
    const { form, got } = finish('state_in_exchange: true, pkce: false', { code: 'c', state: 's' }, [good()], {})
    await got
    expect(form(0)).toMatchObject({ code: 'c', state: 's' })
    expect(form(0)).not.toHaveProperty('code_verifier')
  })

  it('keeps callback parameters (realmId)', async () => {
    const section =
      'keep: { realm: { from: callback, path: [realmId] } }, identity: { from: callback, path: [realmId] }'
    const { got } = finish(section, { code: 'c', realmId: '123' }, [good()])
    expect(await got).toMatchObject({ values: { realm: '123' }, identity: '123' })
  })

  it('a token without refresh token is not renewed ahead of its end: there is nothing to renew with', async () => {
    const { got } = finish('', { code: 'c' }, [{ body: { access_token: 'at' } }])
    expect(await got).toEqual({ values: { access_token: 'at' }, expiresAt: null, early: false })
  })

  it('nothing of the token before is kept: it may be another person’s', async () => {
    const script = tokenScript([{ body: { access_token: 'at' } }])
    const before = { ...acme(), token: { refresh_token: 'of somebody else', kept: '{"tenant":"1"}' } }
    const got = await consent.finish(before, { params: { code: 'c' }, redirectUri: REDIRECT, keep: {} }, script.context)
    expect(got.values).toEqual({ access_token: 'at' })
  })

  it.each([
    [
      { error: 'access_denied', error_description: 'No <b>way</b>' },
      'human',
      'The access was not agreed to at the service.',
    ],
    [{ error: 'invalid_scope' }, 'human', 'The service answered invalid_scope instead of a code.'],
    [{ error: 'temporarily_unavailable' }, 'transient', expect.stringContaining('temporarily_unavailable')],
    [{ error: 'Oh <script>' }, 'human', 'The service answered an error instead of a code.'],
    [{ error: 'access_denied', code: 'c' }, 'human', expect.stringContaining('not agreed')],
    [{ state: 's' }, 'human', 'The service sent no code: begin again.'],
  ])('%j is %s, and asks for no token', async (params, kind, detail) => {
    const { sent, got } = finish('', params)
    await expect(got).rejects.toMatchObject({ kind, detail })
    expect(sent).toEqual([])
  })

  it.each([
    ['issuer: "https://login.example"', { code: 'c', iss: 'https://evil.example' }],
    ['issuer: "https://login.example"', { code: 'c', iss: 'https://login.example/' }],
    ['issuer: "https://login.example"', { error: 'access_denied', iss: 'https://evil.example' }],
    ['issuer: "https://login.example", iss_required: true', { code: 'c' }],
  ])('RFC 9207: human with %s and %j', async (section, params) => {
    const { sent, got } = finish(section, params as Values)
    await expect(got).rejects.toMatchObject({
      kind: 'human',
      detail: expect.stringMatching(/another service|who it is/),
    })
    expect(sent).toEqual([])
  })

  it('RFC 9207: the right iss passes, and one that nobody can judge too', async () => {
    const right = finish(
      'issuer: "https://login.example", iss_required: true',
      { code: 'c', iss: 'https://login.example' },
      [good()],
    )
    expect((await right.got).values.access_token).toBe('at')
    expect((await finish('', { code: 'c', iss: 'x' }, [good()]).got).values.access_token).toBe('at')
  })
})

describe('the id_token', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = { body: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] } }
  const OPENID = `scope: openid, issuer: "https://login.example", jwks_uri: https://login.example/jwks,
    keep: { tenant: { from: id_token, path: ["http://acme/tenant.id"] } }, identity: { from: id_token, path: [sub] }`
  const idToken = (more: object = {}) =>
    new SignJWT({ sub: 'u1', 'http://acme/tenant.id': 'T', nonce: 'n', ...more })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer('https://login.example')
      .setAudience('my id')
      .setExpirationTime(NOW / 1000 + 60)
      .sign(privateKey)
  const keep = { verifier: 'v', nonce: 'n' }

  it('is verified with the service’s keys before its claims are read', async () => {
    const { sent, got } = finish(OPENID, { code: 'c' }, [good({ id_token: await idToken() }), keys], keep)
    expect(await got).toMatchObject({ values: { tenant: 'T' }, identity: 'u1' })
    expect(sent[1]).toMatchObject({ method: 'GET', url: 'https://login.example/jwks' })
  })

  it('human with the nonce of another sign-in, or without an id_token', async () => {
    const other = finish(OPENID, { code: 'c' }, [good({ id_token: await idToken({ nonce: 'm' }) }), keys], keep)
    await expect(other.got).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining('nonce') })
    await expect(finish(OPENID, { code: 'c' }, [good()], keep).got).rejects.toMatchObject({ kind: 'human' })
  })

  it('of a refresh needs no nonce, and what it told stays when it does not come', async () => {
    const script = tokenScript([
      good({ id_token: await idToken({ nonce: undefined, 'http://acme/tenant.id': 'T2' }) }),
      keys,
      good(),
    ])
    const connection = { ...acme(OPENID), token: { refresh_token: 'r' } }
    const first = await oauth2.exchange!.run(connection, script.context)
    expect(first.values.tenant).toBe('T2')
    const second = await oauth2.exchange!.run({ ...connection, token: first.values }, script.context)
    expect(second.values.tenant).toBe('T2')
  })
})
