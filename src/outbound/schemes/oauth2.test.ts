import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { clientAuthority } from '../../../test/support/client_certificates.ts'
import { validateSecrets, validateSettings } from '../connectors/connection_input.ts'
import { parseConnector } from '../connectors/connector.ts'
import { oauth2 } from './oauth2.ts'

const shipped = (id: string) =>
  parseConnector(readFileSync(join(import.meta.dirname, `../../../connectors/${id}.yaml`), 'utf8'), `${id}.yaml`)

function connector(section: string, rest = '') {
  return parseConnector(
    `id: acme
name: Acme
docs: https://acme.example
scheme: oauth2
base_url: https://acme.example
${rest}
oauth2: { authorization_url: https://login.example/auth, token_url: https://login.example/token, ${section} }
`,
    'acme.yaml',
  )
}
const CC = 'id: acme\nname: Acme\ndocs: https://acme.example\nscheme: oauth2\nbase_url: https://acme.example\n'
const client = (section: string) =>
  parseConnector(`${CC}oauth2: { grant: client_credentials, token_url: https://t.example/t, ${section} }`, 'acme.yaml')

describe('oauth2 asks for', () => {
  it('a client of the application, and optionally a token that was obtained elsewhere', () => {
    const fields = oauth2.requires(connector(''))
    expect(Object.keys(fields)).toEqual(['client_id', 'client_secret', 'oauth_refresh_token', 'oauth_access_token'])
    expect(fields.client_id).toMatchObject({ secret: false, scope: 'app', aliases: ['oauth_client_id'] })
    expect(fields.client_secret).toMatchObject({ scope: 'app', aliases: ['oauth_client_secret'] })
    expect(fields.oauth_refresh_token).toMatchObject({ optional: true, begins: 'refresh_token' })
    expect(fields.oauth_access_token).toMatchObject({ optional: true, begins: 'access_token' })
  })

  it.each([
    ['basic', ['client_id', 'client_secret']],
    ['post', ['client_id', 'client_secret']],
    ['private_key_jwt', ['client_id', 'private_key']],
    ['mtls', ['client_id', 'client_certificate', 'client_private_key']],
  ])('what client_auth %s needs', (auth, names) => {
    expect(Object.keys(oauth2.requires(client(`client_auth: ${auth}`)))).toEqual(names)
  })

  it('no secret of a public client, a certificate where it is named', () => {
    expect(Object.keys(oauth2.requires(connector('client_auth: none')))).toEqual([
      'client_id',
      'oauth_refresh_token',
      'oauth_access_token',
    ])
    const named = client('client_auth: private_key_jwt, assertion: { thumbprint: x5t }')
    expect(Object.keys(oauth2.requires(named))).toEqual(['client_id', 'private_key', 'client_certificate'])
  })

  it('the names of Sesam, and in the words of the connector', () => {
    const acme = connector('', 'secrets: { client_id: { title: Consumer key } }')
    const given = { oauth_client_id: 'id', oauth_client_secret: 's', oauth_refresh_token: 'r' }
    expect(oauth2.requires(acme).client_id).toMatchObject({ title: 'Consumer key', scope: 'app' })
    expect(validateSecrets(acme, 'oauth2', given)).toEqual({
      client_id: 'id',
      client_secret: 's',
      oauth_refresh_token: 'r',
    })
  })

  it('secrets that only its templates use', () => {
    const section = `token_headers: { X-Sub: "\${secrets.sub}" }, token_params: { account: "\${secrets.account}" }`
    const acme = connector(section, 'secrets: { sub: { title: S }, account: { title: A } }')
    expect(Object.keys(oauth2.requires(acme)).slice(-2)).toEqual(['account', 'sub'])
  })
})

describe('oauth2 on a request', () => {
  const token = { access_token: 'at', refresh_token: 'rt', token_type: 'bearer', tenant: '7', kept: '{"tenant":"7"}' }
  const secrets = { client_id: 'id', client_secret: 'cs', oauth_refresh_token: 'old' }
  const acme = connector('keep: { tenant: [tenant] }')

  it('is Bearer (RFC 6750 §2.1)', () => {
    const connection = { connector: acme, settings: {}, secrets, token }
    expect(oauth2.sign(connection)).toEqual({ headers: ['Authorization', 'Bearer at'], query: '' })
    expect(oauth2.names(connection)).toEqual({ headers: ['authorization'], query: [] })
  })

  it('is what apply says: token values, secrets, several places', () => {
    const apply = `keep: { tenant: [tenant] }, apply: [
      { header: Authorization, value: "\${token.token_type} \${token.access_token}" },
      { header: X-Tenant, value: "\${token.tenant}" },
      { query: key, value: "\${secrets.client_id}" } ]`
    const connection = { connector: connector(apply), settings: {}, secrets, token }
    expect(oauth2.sign(connection)).toEqual({
      headers: ['Authorization', 'bearer at', 'X-Tenant', '7'],
      query: 'key=id',
    })
    expect(oauth2.names(connection)).toEqual({ headers: ['authorization', 'x-tenant'], query: ['key'] })
  })

  it('presents the certificate that the token is bound to (RFC 8705 §3)', () => {
    const { cert, key } = clientAuthority('An authority').issue('client')
    const given = { client_id: 'id', client_certificate: cert, client_private_key: key }
    const connection = { connector: client('client_auth: mtls'), settings: {}, secrets: given, token }
    expect(oauth2.sign(connection).certificate).toEqual({ cert, key })
    for (const lacking of [{ client_id: 'id' }, { ...given, client_private_key: 'golden' }]) {
      const sign = () => oauth2.sign({ ...connection, secrets: lacking })
      expect(sign).toThrow(/^reconnect_required.*client_/)
      expect(sign).not.toThrow('golden')
    }
  })

  it('injects the four names of Sesam and what is kept; what is absent is left out', () => {
    expect(oauth2.injects({ connector: acme, settings: {}, secrets, token })).toEqual({
      oauth_access_token: 'at',
      oauth_client_id: 'id',
      oauth_client_secret: 'cs',
      oauth_refresh_token: 'rt',
      tenant: '7',
    })
    expect(oauth2.injects({ connector: acme, settings: {}, secrets: { client_id: 'id' } })).toEqual({
      oauth_client_id: 'id',
    })
    const key = {
      connector: client('client_auth: private_key_jwt'),
      settings: {},
      secrets: { private_key: 'PEM' },
      token,
    }
    expect(oauth2.injects(key)).not.toHaveProperty('private_key')
  })
})

describe('D8 the endpoints of a connection', () => {
  const generic = shipped('generic-oauth2')
  const given = {
    base_url: 'https://api.example',
    authorization_url: 'https://login.example/o/authorize/?tenant=1',
    token_url: 'https://login.example/o/token/',
  }

  it('are all addresses but the base URL, as they were given', () => {
    const settings = validateSettings(generic, { ...given, revocation_url: 'https://login.example/o/revoke' })
    expect(oauth2.exchange?.endpoints({ connector: generic, settings })).toEqual([
      'https://login.example/o/authorize/?tenant=1',
      'https://login.example/o/token/',
      'https://login.example/o/revoke',
    ])
  })

  it('an optional one that is not given is not there', () => {
    const settings = validateSettings(generic, given)
    expect(oauth2.exchange?.endpoints({ connector: generic, settings })).toHaveLength(2)
  })

  it.each(['https://login.example/#x', 'https://u@login.example/'])('refuses %s, and names the setting', (address) => {
    for (const name of ['token_url', 'revocation_url']) {
      const settings = { ...given, [name]: address }
      expect(() => oauth2.exchange?.endpoints({ connector: generic, settings })).toThrow(/^invalid_request/)
      expect(() => oauth2.exchange?.endpoints({ connector: generic, settings })).toThrow(name)
    }
  })

  it('refuses what is no address at all when it is given', () => {
    expect(() => validateSettings(generic, { ...given, token_url: 'ftp://x' })).toThrow('settings.token_url must match')
  })
})
