import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { type TokenAnswer, tokenScript } from '../../../test/support/token_script.ts'
import { validateSecrets, validateSettings } from '../connectors/connection_input.ts'
import { parseConnector } from '../connectors/connector.ts'
import type { Values } from '../scheme.ts'
import { jwtBearer } from './jwt_bearer.ts'

const shipped = (id: string) =>
  parseConnector(readFileSync(join(import.meta.dirname, `../../../connectors/${id}.yaml`), 'utf8'), `${id}.yaml`)
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PEM = privateKey.export({ format: 'pem', type: 'pkcs1' }).toString()
const NOW = new Date('2026-11-21T12:00:00Z')
const S = NOW.getTime() / 1000

const read = (assertion: string | undefined, key: KeyObject = publicKey) =>
  jwtVerify(assertion ?? '', key, { currentDate: NOW })

function connect(id: string, settings: Values, secrets: Values) {
  const connector = shipped(id)
  return {
    connector,
    settings: validateSettings(connector, settings),
    secrets: validateSecrets(connector, 'jwt_bearer', secrets),
  }
}

function mint(connection: ReturnType<typeof connect> & { token?: Values }, answers: readonly TokenAnswer[]) {
  const script = tokenScript(answers)
  return { ...script, got: jwtBearer.exchange!.run(connection, script.context) }
}

describe('jwt_bearer', () => {
  const settings = { base_url: 'https://api.example', token_url: 'https://login.example/token', issuer: 'me' }

  it('sends a JWT signed now, for a token (RFC 7523 §2.1)', async () => {
    const connection = connect('generic-jwt-bearer', { ...settings, scope: 'a b', key_id: 'k1' }, { private_key: PEM })
    const { sent, form, got } = mint(connection, [
      { body: { access_token: 'at', expires_in: 3600, refresh_token: 'rt' } },
    ])
    expect(await got).toEqual({ values: { access_token: 'at' }, expiresAt: NOW.getTime() + 3_600_000 })
    expect(sent[0]).toMatchObject({
      method: 'POST',
      url: 'https://login.example/token',
      headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' },
    })
    const { assertion, ...rest } = form(0)
    expect(rest).toEqual({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' })
    const { payload, protectedHeader } = await read(assertion)
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1' })
    expect(payload).toEqual({
      iss: 'me',
      aud: 'https://login.example/token',
      scope: 'a b',
      iat: S,
      exp: S + 180,
      jti: expect.any(String),
    })
  })

  it('puts the token on the request, and injects it without the key', () => {
    const connection = {
      ...connect('generic-jwt-bearer', settings, { private_key: PEM }),
      token: { access_token: 'at' },
    }
    expect(jwtBearer.sign(connection)).toEqual({ headers: ['Authorization', 'Bearer at'], query: '' })
    expect(jwtBearer.names(connection)).toEqual({ headers: ['authorization'], query: [] })
    expect(jwtBearer.injects(connection)).toEqual({ oauth_access_token: 'at' })
    expect(jwtBearer.exchange?.endpoints(connection)).toEqual(['https://login.example/token'])
  })

  it.each([
    [{ status: 400, body: { error: 'invalid_grant' } }, 'human'],
    [{ status: 400, body: { error: 'consent_required' } }, 'human'],
    [{ status: 500, body: 'oops' }, 'transient'],
    [{ status: 429, headers: { 'Retry-After': '5' } }, 'limited'],
  ])('%j is %s', async (answer, kind) => {
    const connection = connect('generic-jwt-bearer', settings, { private_key: PEM })
    await expect(mint(connection, [answer]).got).rejects.toMatchObject({ kind })
  })

  it('human, and nothing is sent, with a key that is none', async () => {
    const { sent, got } = mint(connect('generic-jwt-bearer', settings, { private_key: 'golden' }), [])
    await expect(got).rejects.toMatchObject({ kind: 'human', detail: expect.not.stringContaining('golden') })
    expect(sent).toEqual([])
  })

  it.each([
    ['claims: { sub: x }', 'claims: iss is required'],
    ['claims: { iss: x, exp: "1" }', 'claims: exp is set by Octroi'],
    ['claims: { iss: x }, keep: { a: { from: id_token, path: [a] } }', 'there is no id_token'],
    ['claims: { iss: x }, identity: { from: userinfo, path: [a] }', 'needs userinfo_url'],
    [`claims: { iss: "\${secrets.client_email}" }`, 'is not known here'],
    [
      `claims: { iss: x }, consent: { authorization_url: https://a.example, params: { k: "\${secrets.private_key}" } }`,
      'may not stand in an address',
    ],
  ])('refuses the section {%s}', (section, message) => {
    const text = `id: acme\nname: A\ndocs: https://a.example\nscheme: jwt_bearer\nbase_url: https://a.example\njwt_bearer: { token_url: https://a.example/t, ${section} }\n`
    expect(() => parseConnector(text, 'acme.yaml')).toThrow(message)
  })
})

describe('a Google service account', () => {
  const file = {
    type: 'service_account',
    client_email: 'a@p.iam',
    private_key: PEM,
    private_key_id: 'kid9',
    project_id: 'p',
  }
  const settings = { scope: 'https://www.googleapis.com/auth/drive.readonly' }
  const answer = { body: { access_token: 'ya29', expires_in: 3599, token_type: 'Bearer' } }
  const google = (secrets: Values, more: Values = {}) =>
    connect('google-service-account', { ...settings, ...more }, secrets)

  it.each([
    ['the key file, pasted whole', { service_account_json: JSON.stringify(file, null, 2) }, 'kid9'],
    ['its two values', { client_email: 'a@p.iam', private_key: PEM.replaceAll('\n', '\\n') }, undefined],
  ])('is given as %s', async (_, secrets, kid) => {
    const { sent, form, got } = mint(google(secrets, { subject: 'user@example.org' }), [answer])
    expect((await got).values).toEqual({ access_token: 'ya29', token_type: 'Bearer' })
    expect(sent[0]?.url).toBe('https://oauth2.googleapis.com/token')
    const { payload } = await read(form(0).assertion)
    expect(decodeProtectedHeader(form(0).assertion ?? '').kid).toBe(kid)
    expect(payload).toMatchObject({
      iss: 'a@p.iam',
      sub: 'user@example.org',
      aud: 'https://oauth2.googleapis.com/token',
      scope: settings.scope,
      exp: S + 3600,
    })
  })

  it.each([
    [{}, 'Either service_account_json, or client_email and private_key'],
    [{ client_email: 'a@p.iam' }, 'Either service_account_json'],
    [{ service_account_json: 'golden' }, 'is not JSON'],
    [{ service_account_json: '{"type":"authorized_user","client_id":"x"}' }, 'has no client_email'],
    [{ service_account_json: '{"client_email":"a@p.iam","private_key":7}' }, 'has no private_key'],
  ])('human with %j', async (secrets, message) => {
    const { sent, got } = mint(google(secrets as Values), [])
    await expect(got).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining(message) })
    expect(sent).toEqual([])
  })
})

describe('Salesforce', () => {
  it('says no end; its address comes with the token and outlives it', async () => {
    const connection = connect('salesforce-jwt', { username: 'u@x' }, { client_id: 'key', private_key: PEM })
    const body = {
      access_token: '00D!AQ',
      instance_url: 'https://acme.my.salesforce.com',
      id: 'https://login.salesforce.com/id/00D/005',
    }
    const { form, got } = mint(connection, [{ body }])
    const token = await got
    expect(token).toMatchObject({ expiresAt: null, identity: body.id, values: { instance_url: body.instance_url } })
    expect((await read(form(0).assertion)).payload).toMatchObject({
      iss: 'key',
      sub: 'u@x',
      aud: 'https://login.salesforce.com',
    })
    expect(connection.connector.compiled.base_url.render({ settings: {}, token: token.values })).toBe(body.instance_url)
    expect(jwtBearer.injects({ ...connection, token: token.values })).toEqual({
      oauth_access_token: '00D!AQ',
      oauth_client_id: 'key',
      instance_url: body.instance_url,
    })
  })
})

describe('DocuSign', () => {
  const connection = connect(
    'docusign',
    { account_host: 'account-d.docusign.com', user_id: '6d0e7c5e-0000-4000-8000-000000000000' },
    { client_id: 'ik', private_key: PEM },
  )
  const token = { body: { access_token: 'at', expires_in: 3600 } }
  const userinfo = { body: { sub: 'u1', accounts: [{ account_id: 'A', base_uri: 'https://demo.docusign.net' }] } }
  const consent = jwtBearer.exchange!.consent!

  it('asks a person once, with the integration key and no secret in the address', async () => {
    expect(consent.needed(connection)).toBe(true)
    const { url, keep } = await consent.begin(
      connection,
      { redirectUri: 'https://g/cb', state: 's' },
      tokenScript([]).context,
    )
    expect([url.split('?')[0], keep]).toEqual(['https://account-d.docusign.com/oauth/auth', {}])
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      response_type: 'code',
      client_id: 'ik',
      scope: 'signature impersonation',
      redirect_uri: 'https://g/cb',
      state: 's',
    })
  })

  it('then signs a JWT, and learns the address of the account once', async () => {
    const script = tokenScript([token, userinfo, token])
    const callback = { params: { code: 'unused' }, redirectUri: 'https://g/cb', keep: {} }
    const first = await consent.finish(connection, callback, script.context)
    expect(first).toMatchObject({ values: { base_uri: 'https://demo.docusign.net', account_id: 'A' }, identity: 'u1' })
    expect((await read(script.form(0).assertion)).payload.aud).toBe('account-d.docusign.com')
    const second = await jwtBearer.exchange!.run({ ...connection, token: first.values }, script.context)
    expect(second.values.base_uri).toBe('https://demo.docusign.net')
    expect(script.sent).toHaveLength(3)
  })

  it('human when the person does not agree, or has not yet', async () => {
    const callback = { params: { error: 'access_denied' }, redirectUri: 'https://g/cb', keep: {} }
    await expect(consent.finish(connection, callback, tokenScript([]).context)).rejects.toMatchObject({ kind: 'human' })
    const { got } = mint(connection, [{ status: 400, body: { error: 'consent_required' } }])
    await expect(got).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining('consent_required') })
  })
})
